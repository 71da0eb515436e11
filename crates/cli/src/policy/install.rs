//! `slipway policy install`.

use anyhow::Result;
use clap::Args;
use slipway_policy::shipped::{self, Shipped};
use slipway_sdk::pb;

use super::{Enforcement, POLICY, show};
use crate::args::Intent;
use crate::connect::Connect;
use crate::output::Output;

/// `slipway policy install`.
#[derive(Debug, Args)]
pub struct Install {
    /// What they do.
    #[arg(long, value_enum, default_value = "dry-run")]
    enforcement: Enforcement,
    #[command(flatten)]
    intent: Intent,
}

impl Install {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        for one in &shipped::ALL {
            match registry.create_policy(self.request(connect, one)).await {
                Ok(policy) => output.write(POLICY, &policy, |policy| format!("{}\n", show(policy)))?,
                // What is there is somebody's by now, and stays as they made it.
                Err(error) if matches!(error.reason(), "ALREADY_EXISTS" | "DELETED") => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn request(&self, connect: &Connect, one: &Shipped) -> pb::CreatePolicyRequest {
        let Shipped { id, description, expression, remedy } = *one;
        let mut policy = pb::Policy {
            description: description.to_owned(),
            expression: expression.to_owned(),
            remedy: remedy.to_owned(),
            ..pb::Policy::default()
        };
        policy.set_enforcement(self.enforcement.into());
        pb::CreatePolicyRequest {
            parent: connect.parent(),
            policy_id: id.to_owned(),
            policy: Some(policy),
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason.clone(),
            request_id: String::new(),
        }
    }
}
