//! The services and a store that fails, driven from one seed: the same seed gives the same history.
