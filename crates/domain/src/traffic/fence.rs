//! Who may change a traffic: whoever read its present generation, and no launcher that was followed by a newer one.

use super::Traffic;
use crate::fault::{Fault, Kind, Precondition};

/// On whose authority traffic is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// Somebody who states no epoch. Refused once a launcher has stated one.
    Unstated,
    /// A launcher of this epoch, from 1.
    Launcher {
        /// The launcher's epoch.
        epoch: u64,
    },
    /// A person who takes the traffic out of a launcher's hands.
    Override,
}

impl Writer {
    /// The writer that a request states: an epoch, of which 0 is none.
    #[must_use]
    pub fn of_epoch(epoch: u64) -> Self {
        if epoch == 0 { Self::Unstated } else { Self::Launcher { epoch } }
    }
}

/// Why a writer was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Somebody else changed the traffic since the writer read it.
    #[error("the traffic is at generation {current}, and the request was decided on generation {stated}")]
    Generation {
        /// The generation that the writer read.
        stated: u64,
        /// The present one.
        current: u64,
    },
    /// A newer launcher, or a person, has taken the traffic over.
    #[error("the traffic is held by epoch {current}, and the request comes from the older epoch {stated}")]
    Epoch {
        /// The writer's epoch.
        stated: u64,
        /// The last one that was accepted.
        current: u64,
    },
    /// A launcher holds the traffic, and the writer stated no epoch.
    #[error("the traffic is held by a launcher of epoch {current}; take it over with override_epoch to set it by hand")]
    Held {
        /// The launcher's epoch.
        current: u64,
    },
}

impl Fault for Refused {
    fn kind(&self) -> Kind {
        match self {
            Self::Generation { .. } => Kind::Aborted,
            Self::Epoch { .. } | Self::Held { .. } => Kind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Generation { .. } => "TRAFFIC_GENERATION_CHANGED",
            Self::Epoch { .. } => "TRAFFIC_EPOCH_FENCED",
            Self::Held { .. } => "TRAFFIC_HELD_BY_LAUNCHER",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Generation { stated, current } => {
                vec![("generation", current.to_string()), ("stated_generation", stated.to_string())]
            }
            Self::Epoch { stated, current } => {
                vec![("epoch", current.to_string()), ("stated_epoch", stated.to_string())]
            }
            Self::Held { current } => vec![("epoch", current.to_string())],
        }
    }

    fn preconditions(&self) -> Vec<Precondition> {
        let description = match self {
            Self::Generation { .. } => return Vec::new(),
            Self::Epoch { .. } => "stop: another writer has taken this traffic over",
            Self::Held { .. } => "abort the launch, or take the traffic over with override_epoch",
        };
        vec![Precondition { kind: self.reason(), subject: "traffic".to_owned(), description: description.to_owned() }]
    }
}

/// The epoch that `current` has after `writer`, who read `generation`, has changed it.
///
/// # Errors
/// [`Refused::Epoch`] and [`Refused::Held`] before [`Refused::Generation`]: a launcher that was followed by another
/// must learn that, and not read again and try once more.
pub fn accept(current: &Traffic, generation: u64, writer: Writer) -> Result<u64, Refused> {
    let epoch = match writer {
        Writer::Override => current.epoch.saturating_add(1),
        Writer::Launcher { epoch } if epoch < current.epoch => {
            return Err(Refused::Epoch { stated: epoch, current: current.epoch });
        }
        Writer::Launcher { epoch } => epoch,
        Writer::Unstated if current.epoch > 0 => return Err(Refused::Held { current: current.epoch }),
        Writer::Unstated => 0,
    };
    if generation == current.generation {
        Ok(epoch)
    } else {
        Err(Refused::Generation { stated: generation, current: current.generation })
    }
}
