//! The cells of one version, or of one pair, in the order of time: each minute, and the hours that they add up to.
//!
//! Cells are kept in their stored form, a few dozen bytes for a minute with a handful of rows: most minutes are never
//! looked at again once they are part of an hour.

use std::collections::BTreeMap;

use bytes::Bytes;
use imbl::OrdMap;
use slipway_domain::stats::{self, Cell, PairedCell};

use super::delta::Minutes;
use crate::error::Error;
use crate::window::{Hour, Minute, Window};

/// A record of sums that has a stored form.
pub trait Sums: Clone + Default + Send + Sync + 'static {
    /// The record as bytes.
    fn encode(&self) -> Vec<u8>;
    /// The record that `bytes` are the stored form of.
    ///
    /// # Errors
    /// When they are not.
    fn decode(bytes: &[u8]) -> Result<Self, stats::Error>;
    /// Adds all of `other`.
    fn merge(&mut self, other: &Self);
    /// At least the bytes of the record's stored form.
    fn weight(&self) -> usize;
}

/// The stored form of a cell without its histogram has at most so many bytes.
const SUMS_BYTES: usize = 320;
/// A filled place of a histogram has at most so many bytes while its count is below 2²⁸.
const PLACE_BYTES: usize = 6;
/// So many places a histogram has at most.
const PLACES: u64 = stats::histogram::KEYS as u64;

fn cell_weight(cell: &Cell) -> usize {
    let places = cell.labelled().min(PLACES) as usize;
    SUMS_BYTES + PLACE_BYTES * places
}

impl Sums for Cell {
    fn encode(&self) -> Vec<u8> {
        Self::encode(self)
    }
    fn decode(bytes: &[u8]) -> Result<Self, stats::Error> {
        Self::decode(bytes)
    }
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }
    fn weight(&self) -> usize {
        cell_weight(self)
    }
}

impl Sums for PairedCell {
    fn encode(&self) -> Vec<u8> {
        Self::encode(self)
    }
    fn decode(bytes: &[u8]) -> Result<Self, stats::Error> {
        Self::decode(bytes)
    }
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }
    fn weight(&self) -> usize {
        cell_weight(self.candidate()) + cell_weight(self.baseline())
    }
}

/// A cell in its stored form.
#[derive(Debug, Clone)]
struct Packed(Bytes);

impl Packed {
    fn of<C: Sums>(cell: &C) -> Self {
        Self(cell.encode().into())
    }

    fn cell<C: Sums>(&self) -> Result<C, Error> {
        C::decode(&self.0).map_err(|error| Error::damaged(b"(in memory)", error))
    }
}

/// The cells of one version or of one pair.
#[derive(Debug)]
pub struct Series<C> {
    minutes: OrdMap<Minute, Packed>,
    /// The sum of the minutes of each hour, exactly.
    hours: OrdMap<Hour, Packed>,
    cell: std::marker::PhantomData<fn() -> C>,
}

impl<C> Clone for Series<C> {
    fn clone(&self) -> Self {
        Self { minutes: self.minutes.clone(), hours: self.hours.clone(), cell: std::marker::PhantomData }
    }
}

impl<C> Default for Series<C> {
    fn default() -> Self {
        Self { minutes: OrdMap::new(), hours: OrdMap::new(), cell: std::marker::PhantomData }
    }
}

impl<C> Series<C> {
    /// How many minutes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.minutes.len()
    }

    /// Whether there is no minute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// From the first minute to behind the last; none if there is none.
    #[must_use]
    pub fn span(&self) -> Option<Window> {
        let ((from, _), (last, _)) = (self.minutes.get_min()?, self.minutes.get_max()?);
        Some(Window { from: *from, until: last.next() })
    }

    /// The bytes of the cell of `minute`, 0 if there is none.
    pub(crate) fn bytes(&self, minute: Minute) -> usize {
        self.minutes.get(&minute).map_or(0, |packed| packed.0.len())
    }
}

impl<C: Sums> Series<C> {
    /// Adds `added` and answers the stored form of every minute that changed.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a cell cannot be read.
    pub(crate) fn add(&mut self, added: &Minutes<C>) -> Result<Vec<(Minute, Bytes)>, Error> {
        let mut changed = Vec::with_capacity(added.len());
        for (minute, cell) in added {
            let packed = match self.minutes.get(minute) {
                None => Packed::of(cell),
                Some(packed) => sum(packed, cell)?,
            };
            changed.push((*minute, packed.0.clone()));
            self.minutes.insert(*minute, packed);
        }
        self.add_to_hours(added)?;
        Ok(changed)
    }

    /// Takes in minutes as they were stored; `cells` are the same minutes, decoded.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the sum of an hour cannot be read.
    pub(crate) fn restore(&mut self, stored: Vec<(Minute, Bytes)>, cells: &Minutes<C>) -> Result<(), Error> {
        self.minutes.extend(stored.into_iter().map(|(minute, bytes)| (minute, Packed(bytes))));
        self.add_to_hours(cells)
    }

    fn add_to_hours(&mut self, added: &Minutes<C>) -> Result<(), Error> {
        let mut hours: BTreeMap<Hour, C> = BTreeMap::new();
        for (minute, cell) in added {
            hours.entry(minute.hour()).or_default().merge(cell);
        }
        for (hour, cell) in hours {
            let packed = match self.hours.get(&hour) {
                None => Packed::of(&cell),
                Some(packed) => sum(packed, &cell)?,
            };
            self.hours.insert(hour, packed);
        }
        Ok(())
    }

    /// The cells of `window`, hour by hour in the order of time. An hour at an edge holds only its minutes inside.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a cell cannot be read.
    pub fn strata(&self, window: Window) -> Result<Vec<(Hour, C)>, Error> {
        let Some((first, last)) = window.hours() else { return Ok(Vec::new()) };
        let mut strata = Vec::new();
        for (hour, packed) in self.hours.range(first..=last) {
            let inside = window.within(&hour.window());
            if inside == hour.window() {
                strata.push((*hour, packed.cell()?));
            } else if let Some(cell) = self.sum_of_minutes(inside)? {
                strata.push((*hour, cell));
            }
        }
        Ok(strata)
    }

    fn sum_of_minutes(&self, window: Window) -> Result<Option<C>, Error> {
        let mut sum: Option<C> = None;
        for (_, packed) in self.minutes.range(window.from..window.until) {
            sum.get_or_insert_default().merge(&packed.cell()?);
        }
        Ok(sum)
    }
}

fn sum<C: Sums>(packed: &Packed, added: &C) -> Result<Packed, Error> {
    let mut cell: C = packed.cell()?;
    cell.merge(added);
    Ok(Packed::of(&cell))
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_domain::stats::{Columns, fold};

    fn minute_cell(number: u32) -> Cell {
        let mut cell = Cell::new();
        let p = f32::from(number as u16) / 1000.0;
        let columns = Columns { predictions: &[p, 0.3], outcomes: &[true, false], weights: &[] };
        fold(&mut cell, &columns).unwrap();
        cell
    }

    fn series(minutes: impl Iterator<Item = u32>) -> Series<Cell> {
        let mut series = Series::default();
        for number in minutes {
            series.add(&BTreeMap::from([(Minute::from_number(number), minute_cell(number))])).unwrap();
        }
        series
    }

    #[test]
    fn every_window_is_the_exact_sum_of_its_minutes_whatever_hours_it_cuts() {
        let series = series((0..300).filter(|minute| minute % 7 != 0));
        for (from, until) in [(0, 300), (1, 299), (60, 120), (59, 61), (61, 100), (110, 111), (200, 200), (250, 100)] {
            let window = Window { from: Minute::from_number(from), until: Minute::from_number(until) };
            let strata = series.strata(window).unwrap();
            let expected: Vec<Cell> = (from..until).filter(|minute| minute % 7 != 0).map(minute_cell).collect();
            assert_eq!(Cell::merged(strata.iter().map(|(_, cell)| cell)), Cell::merged(&expected), "{from}..{until}");
            assert!(strata.iter().map(|(hour, _)| hour).is_sorted());
        }
    }

    #[test]
    fn a_series_restored_from_what_was_stored_is_the_same() {
        let mut restored = Series::default();
        let cells: Minutes<Cell> = (50..130).map(|n| (Minute::from_number(n), minute_cell(n))).collect();
        let stored = cells.iter().map(|(minute, cell)| (*minute, cell.encode().into())).collect();
        restored.restore(stored, &cells).unwrap();
        let window = restored.span().unwrap();
        assert_eq!(restored.strata(window).unwrap(), series(50..130).strata(window).unwrap());
    }
}
