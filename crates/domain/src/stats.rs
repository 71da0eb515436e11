//! What healthy means, as pure functions of mergeable sums.
//!
//! Everything starts from one record, the [`Cell`]: the sums and the score histogram of one model version in one
//! minute. [`mod@fold`] builds cells from columns, merging is addition, and all else reads cells: [`metrics`] for what is
//! shown, [`verdict`] for one model against its tolerated band, [`split`] and [`shadow`] for a candidate against its
//! baseline. Notation throughout: p is the prediction, y the outcome (0 or 1), w the weight, l the log loss.
//!
//! What must never be here: a clock, chance, input or output, and a test of fixed size. Every verdict may be looked at
//! as often as anybody likes.

pub mod auc;
pub mod bins;
pub mod cell;
pub mod codec;
pub mod decide;
pub mod ece;
pub mod eprocess;
pub mod error;
pub mod fold;
pub mod histogram;
pub mod interval;
pub mod logarithm;
pub mod metrics;
pub mod overdispersion;
pub mod paired;
pub mod ratio;
pub mod sequence;
pub mod shadow;
pub mod split;
pub mod student;
pub mod sum;
pub mod verdict;

pub use cell::{Cell, Refusal, RefusedRows};
pub use decide::Judgement;
pub use error::Error;
pub use fold::{Columns, fold};
pub use interval::Interval;
pub use metrics::Metrics;
pub use paired::{PairedCell, PairedColumns, fold_paired};
pub use verdict::{Judged, Stability, Tolerance, judge_calibration};
