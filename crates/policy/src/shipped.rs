//! The policies that come with the product: what a model that matters must have.

/// A policy that comes with the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// The last part of its name.
    pub id: &'static str,
    /// What it asks for.
    pub description: &'static str,
    /// The expression that is true of a model that keeps it.
    pub expression: &'static str,
    /// What to do about a model that does not.
    pub remedy: &'static str,
}

/// All of them. They are about tiers 0 and 1, but for the last.
pub const ALL: [Shipped; 7] = [
    Shipped {
        id: "on-call",
        description: "A model of tier 0 or 1 says who is on call for it.",
        expression: "effective_tier > 1 || model.on_call != ''",
        remedy: "name the team that is paged: slipway model update MODEL --on-call TEAM",
    },
    Shipped {
        id: "runbook",
        description: "A model of tier 0 or 1 has a runbook.",
        expression: "effective_tier > 1 || model.runbook_uri != ''",
        remedy: "say where it stands: slipway model update MODEL --runbook URL",
    },
    Shipped {
        id: "rollback-version",
        description: "A model of tier 0 or 1 that serves has a version to return to, which is not quarantined.",
        expression: "effective_tier > 1 || versions.serving == 0 || versions.rollback > 0",
        remedy: "keep a version that is known to be good: slipway version create MODEL",
    },
    Shipped {
        id: "evidence",
        description: "A tier of 0 or 1 that a model has by itself comes with its reason and its evidence.",
        expression: "!model.has_tier || model.tier > 1 || (model.tier_reason != '' && model.tier_evidence != '')",
        remedy: "say how it is known: slipway model update MODEL --tier N --tier-reason TEXT --tier-evidence URL",
    },
    Shipped {
        id: "review",
        description: "A tier of 0 or 1 that a model has by itself is reviewed in time.",
        expression: "!model.has_tier || model.tier > 1 || model.tier_review > now",
        remedy: "look whether it still holds, and say until when: slipway model update MODEL --tier N --tier-review DAY",
    },
    Shipped {
        id: "observable",
        description: "A model of tier 0 or 1 says what it predicts, so that its outcomes can be observed.",
        expression: "effective_tier > 1 || model.predicted_event != ''",
        remedy: "say which event it predicts: slipway model update MODEL --predicted-event TEXT",
    },
    Shipped {
        id: "attested",
        description: "A model that serves is still its owner's.",
        expression: "versions.serving == 0 || model.attested_until > now",
        remedy: "somebody of the owning team says so: slipway model attest MODEL",
    },
];
