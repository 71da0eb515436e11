//! Cells as bytes, for the store and for the wire between our own processes.
//!
//! A record is a layout byte, a kind byte and then numbers of seven bits a byte (LEB128), signed ones in zigzag. A cell
//! of a thousand rows takes about half a kilobyte, nearly all of it histogram.

use super::cell::{Cell, Refusal, Sums};
use super::error::Error;
use super::histogram::{Histogram, KEYS};
use super::paired::{PairedCell, Products};
use super::sum::Sum;

/// The layout that is written.
const LAYOUT: u8 = 1;

/// All weights are 1, so the sums that repeat others are left out.
const UNIT_WEIGHTS: u8 = 0;
/// Rows have weights, and every sum is written.
const WEIGHTED: u8 = 1;

/// How many sums, the first of [`Sums::all`], a cell of unit weights needs.
const UNIT_SUMS: usize = 5;

/// No count in a record is larger: 2⁵⁶ rows. Merging records can then not overflow.
const MAX_COUNT: u64 = 1 << 56;

impl Cell {
    /// The cell as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![LAYOUT];
        put_cell(&mut bytes, self);
        bytes
    }

    /// The cell that [`Cell::encode`] wrote.
    ///
    /// # Errors
    /// Any variant of [`Error`] but `ColumnLengths`, for bytes that `encode` did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::open(bytes)?;
        let cell = reader.cell()?;
        reader.close()?;
        Ok(cell)
    }
}

impl PairedCell {
    /// The paired cell as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![LAYOUT];
        put_cell(&mut bytes, self.candidate());
        put_cell(&mut bytes, self.baseline());
        put_sum(&mut bytes, self.products.loss);
        put_sum(&mut bytes, self.products.prediction);
        bytes
    }

    /// The paired cell that [`PairedCell::encode`] wrote.
    ///
    /// # Errors
    /// Any variant of [`Error`] but `ColumnLengths`, for bytes that `encode` did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::open(bytes)?;
        let (candidate, baseline) = (reader.cell()?, reader.cell()?);
        if candidate.labelled() != baseline.labelled() {
            return Err(Error::CountsDisagree);
        }
        let products = Products { loss: reader.sum()?, prediction: reader.sum()? };
        reader.close()?;
        Ok(Self { candidate, baseline, products })
    }
}

fn put_cell(bytes: &mut Vec<u8>, cell: &Cell) {
    let all = cell.sums.all();
    let unit = unit_sums(cell.labelled, cell.positives, &all) == cell.sums;
    bytes.push(if unit { UNIT_WEIGHTS } else { WEIGHTED });
    for count in [cell.predicted, cell.labelled, cell.positives] {
        put(bytes, u128::from(count));
    }
    Refusal::ALL.iter().for_each(|reason| put(bytes, u128::from(cell.refused.of(*reason))));
    let written = if unit { UNIT_SUMS } else { all.len() };
    all[..written].iter().for_each(|sum| put_sum(bytes, *sum));
    put(bytes, cell.histogram.entries().count() as u128);
    let mut next = 0;
    for (key, count) in cell.histogram.entries() {
        put(bytes, u128::from(key - next));
        put(bytes, u128::from(count));
        next = key + 1;
    }
}

/// The sums of a cell whose rows all weigh 1, from those that are not copies of others.
fn unit_sums(labelled: u64, positives: u64, written: &[Sum]) -> Sums {
    let (rows, outcome) = (Sum::from_count(labelled), Sum::from_count(positives));
    Sums {
        prediction: written[0],
        loss: written[1],
        squared_error: written[2],
        variance: written[3],
        squared_loss: written[4],
        weight: rows,
        weight_squared: rows,
        outcome,
        squared_weight_prediction: written[0],
        squared_weight_outcome: outcome,
        squared_weight_loss: written[1],
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn put_sum(bytes: &mut Vec<u8>, sum: Sum) {
    let units = sum.units();
    put(bytes, ((units << 1) ^ (units >> 127)) as u128);
}

/// Reads numbers from the front of a record.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        match bytes.split_first() {
            None => Err(Error::Truncated),
            Some((&LAYOUT, rest)) => Ok(Self { rest }),
            Some((&found, _)) => Err(Error::UnknownLayout { found, known: LAYOUT }),
        }
    }

    fn close(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::TrailingBytes { count: self.rest.len() }) }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let (first, rest) = self.rest.split_first().ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    fn number(&mut self, field: &'static str) -> Result<u128, Error> {
        // Nearly all numbers are short, and arithmetic on 64 bits is several times as fast.
        let mut short = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            short |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(u128::from(short));
            }
        }
        let mut number = u128::from(short);
        for shift in (63..128).step_by(7) {
            let byte = self.byte()?;
            let digits = u128::from(byte & 0x7f);
            if shift == 126 && digits > 3 {
                break;
            }
            number |= digits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Error::FieldOutOfRange { field })
    }

    fn count(&mut self, field: &'static str) -> Result<u64, Error> {
        let number = self.number(field)?;
        u64::try_from(number).ok().filter(|count| *count <= MAX_COUNT).ok_or(Error::FieldOutOfRange { field })
    }

    fn sum(&mut self) -> Result<Sum, Error> {
        let zigzag = self.number("sum")?;
        Ok(Sum::from_units((zigzag >> 1) as i128 ^ -((zigzag & 1) as i128)))
    }

    fn cell(&mut self) -> Result<Cell, Error> {
        let kind = self.byte()?;
        let mut cell = Cell::new();
        cell.predicted = self.count("predicted")?;
        cell.labelled = self.count("labelled")?;
        cell.positives = self.count("positives")?;
        for reason in Refusal::ALL {
            *cell.refused.of_mut(reason) = self.count("refused")?;
        }
        cell.sums = self.sums(kind, cell.labelled, cell.positives)?;
        cell.histogram = self.histogram()?;
        if cell.histogram.totals() == (cell.labelled, cell.positives) { Ok(cell) } else { Err(Error::CountsDisagree) }
    }

    fn sums(&mut self, kind: u8, labelled: u64, positives: u64) -> Result<Sums, Error> {
        let mut sums = Sums::default();
        match kind {
            UNIT_WEIGHTS => {
                let mut written = [Sum::ZERO; UNIT_SUMS];
                for sum in &mut written {
                    *sum = self.sum()?;
                }
                sums = unit_sums(labelled, positives, &written);
            }
            WEIGHTED => {
                for sum in sums.all_mut() {
                    *sum = self.sum()?;
                }
            }
            _ => return Err(Error::FieldOutOfRange { field: "kind" }),
        }
        Ok(sums)
    }

    fn histogram(&mut self) -> Result<Histogram, Error> {
        let filled = self.count("number of bins")?;
        let mut entries = Vec::with_capacity(filled.min(KEYS as u64) as usize);
        let mut total = 0;
        let mut next = 0;
        for _ in 0..filled {
            let key = self.count("bin")?.saturating_add(next);
            let count = self.count("bin count")?;
            total += count;
            if key >= KEYS as u64 || count == 0 || total > MAX_COUNT {
                return Err(Error::FieldOutOfRange { field: "bin" });
            }
            entries.push((key as u16, count));
            next = key + 1;
        }
        Ok(Histogram::of_ascending(entries))
    }
}
