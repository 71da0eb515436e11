//! Why columns cannot be folded or a record cannot be read.

/// A fact about columns or about a stored record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The columns of one report have different lengths, so no row of it can be trusted.
    #[error("the columns differ in length: {predictions} predictions, {other} {column}")]
    ColumnLengths {
        /// Rows of the prediction column.
        predictions: usize,
        /// Which column differs.
        column: &'static str,
        /// Rows of that column.
        other: usize,
    },
    /// The record was written in a layout that this build does not know.
    #[error("the record has layout {found}, and this build reads layout {known}")]
    UnknownLayout {
        /// The layout's number in the record.
        found: u8,
        /// The layout's number that can be read.
        known: u8,
    },
    /// The record ends before it is complete.
    #[error("the record ends before it is complete")]
    Truncated,
    /// Bytes are left over after a complete record.
    #[error("{count} bytes are left over after a complete record")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A number of the record is outside its range.
    #[error("the record's {field} is out of range")]
    FieldOutOfRange {
        /// Which number.
        field: &'static str,
    },
    /// The histogram does not add up to the number of labelled rows.
    #[error("the record's histogram and its counts disagree")]
    CountsDisagree,
}
