//! The statistics of predictions and outcomes.
