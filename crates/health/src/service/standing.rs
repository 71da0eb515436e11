//! Exactly once: whether a report is the next one of its producer, one that was counted before, or one that must be
//! refused.

use super::folding::Folded;
use crate::error::Error;
use crate::record::Producer;

/// How many of a producer's last reports are remembered by their fingerprints. A producer resends what it has no answer
/// for, which is rarely more; an older repeat is taken for what it says it is.
const REMEMBERED: usize = 64;

/// What a report is to its producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The next one: it counts.
    Next,
    /// One that was counted already.
    Repeated,
}

/// What `report` is to its producer, of whom `known` is kept.
///
/// # Errors
/// [`Error::ProducerFenced`], [`Error::SequenceGap`] and [`Error::ProducerForked`].
pub(super) fn judge(known: Option<&Producer>, report: &Folded) -> Result<Standing, Error> {
    let (epoch, sequence) = known.map_or((report.epoch, 0), |known| (known.epoch, known.sequence));
    if report.epoch < epoch {
        return Err(Error::ProducerFenced { producer: report.producer.clone(), epoch: report.epoch, current: epoch });
    }
    let last = if report.epoch == epoch { sequence } else { 0 };
    if report.sequence > last + 1 {
        let (expected, given) = (last + 1, report.sequence);
        return Err(Error::SequenceGap { producer: report.producer.clone(), epoch: report.epoch, expected, given });
    }
    if report.sequence == last + 1 {
        return Ok(Standing::Next);
    }
    match known.and_then(|known| known.fingerprint(report.sequence)) {
        Some(fingerprint) if fingerprint != report.fingerprint => Err(Error::ProducerForked {
            producer: report.producer.clone(),
            epoch: report.epoch,
            sequence: report.sequence,
        }),
        _ => Ok(Standing::Repeated),
    }
}

impl Producer {
    /// The fingerprint of report `sequence` of this epoch; none if it is no longer remembered.
    fn fingerprint(&self, sequence: u64) -> Option<u64> {
        let back = usize::try_from(self.sequence.checked_sub(sequence)?).ok()?;
        self.recent.iter().rev().nth(back).copied()
    }
}

/// The producer of `report` after it was counted at the instant `now`.
pub(super) fn advance(known: Option<&Producer>, report: &Folded, now: jiff::Timestamp) -> Producer {
    let same_epoch = known.filter(|known| known.epoch == report.epoch);
    let mut recent = same_epoch.map_or_else(Vec::new, |known| known.recent.clone());
    if recent.len() >= REMEMBERED {
        recent.drain(..=recent.len() - REMEMBERED);
    }
    recent.push(report.fingerprint);
    // A promise is never taken back: cohorts may have been judged on it.
    let complete_through = report.complete_through.max(known.and_then(|known| known.complete_through));
    Producer { epoch: report.epoch, sequence: report.sequence, complete_through, reported_at: now, recent }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ProducerId;
    use crate::state::Delta;
    use jiff::Timestamp;
    use slipway_domain::fault::Fault;

    fn report(epoch: u64, sequence: u64, fingerprint: u64) -> Folded {
        let producer = ProducerId::parse("p").unwrap();
        let (complete_through, delta, rows) = (None, Delta::default(), Default::default());
        Folded { producer, epoch, sequence, complete_through, delta, rows, fingerprint }
    }

    /// A producer that has sent reports 1 to `sequence` of `epoch`, each with its number as fingerprint.
    fn after(epoch: u64, sequence: u64) -> Producer {
        let reports = (1..=sequence).map(|number| report(epoch, number, number));
        let last = reports.fold(None, |known, report| Some(advance(known.as_ref(), &report, Timestamp::UNIX_EPOCH)));
        last.unwrap()
    }

    fn verdict(known: Option<&Producer>, report: &Folded) -> Result<Standing, &'static str> {
        judge(known, report).map_err(|error| error.reason())
    }

    #[test]
    fn numbers_begin_at_one_and_rise_by_one() {
        assert_eq!(verdict(None, &report(7, 1, 0)), Ok(Standing::Next));
        assert_eq!(verdict(None, &report(7, 2, 0)), Err("SEQUENCE_GAP"));
        assert_eq!(verdict(Some(&after(7, 3)), &report(7, 4, 4)), Ok(Standing::Next));
        assert_eq!(verdict(Some(&after(7, 3)), &report(7, 5, 5)), Err("SEQUENCE_GAP"));
    }

    #[test]
    fn a_new_epoch_begins_at_one_again_and_fences_the_old_one() {
        assert_eq!(verdict(Some(&after(7, 3)), &report(8, 1, 1)), Ok(Standing::Next));
        assert_eq!(verdict(Some(&after(7, 3)), &report(8, 4, 4)), Err("SEQUENCE_GAP"));
        assert_eq!(verdict(Some(&after(7, 3)), &report(6, 4, 4)), Err("PRODUCER_FENCED"));
    }

    #[test]
    fn a_repeat_is_known_by_its_number_and_a_fork_by_its_content() {
        let known = after(7, 300);
        assert_eq!(verdict(Some(&known), &report(7, 300, 300)), Ok(Standing::Repeated));
        assert_eq!(verdict(Some(&known), &report(7, 237, 237)), Ok(Standing::Repeated));
        assert_eq!(verdict(Some(&known), &report(7, 237, 1)), Err("PRODUCER_FORKED"));
        assert_eq!(verdict(Some(&known), &report(7, 236, 1)), Ok(Standing::Repeated));
        assert_eq!(known.recent.len(), REMEMBERED);
    }
}
