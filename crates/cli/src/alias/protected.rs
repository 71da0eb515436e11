//! `slipway alias propose` and `approve`.

use anyhow::{Result, bail};
use clap::Args;
use slipway_sdk::pb;

use super::{ALIAS, show};
use crate::args::{Etag, Intent};
use crate::connect::Connect;
use crate::output::Output;
use crate::{text, value};

/// `slipway alias propose`.
#[derive(Debug, Args)]
pub struct Propose {
    /// What it is to name: a model, an alias, and the number of a version or `none`.
    #[arg(value_name = "MODEL@ALIAS=NUMBER")]
    wanted: value::AliasMove,
    /// Leave it unprotected then.
    #[arg(long)]
    unprotect: bool,
    #[command(flatten)]
    etag: Etag,
    #[command(flatten)]
    intent: Intent,
}

/// `slipway alias approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// What it is to name, as it is proposed.
    #[arg(value_name = "MODEL@ALIAS=NUMBER")]
    wanted: value::AliasMove,
    #[command(flatten)]
    intent: Intent,
}

impl Propose {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let name = connect.alias(&self.wanted.alias);
        let request = pb::ProposeAliasRequest {
            version: self.wanted.to.map(|number| name.model.version(number).to_string()).unwrap_or_default(),
            name: name.to_string(),
            unprotect: self.unprotect,
            etag: self.etag.etag,
            request_id: self.intent.attempt.request_id,
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
        };
        output.write(ALIAS, &connect.registry()?.propose_alias(request).await?, show)
    }
}

impl Approve {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let name = connect.alias(&self.wanted.alias);
        let present = registry.get_alias(&name).await?;
        let wanted = self.wanted.to.map(|number| name.model.version(number).to_string()).unwrap_or_default();
        match &present.proposal {
            None => bail!("nothing is proposed for {name}"),
            Some(proposal) if proposal.version != wanted => bail!("for {name} is proposed: {}", proposed(proposal)),
            Some(_) => {}
        }
        let request = pb::ApproveAliasRequest {
            name: name.to_string(),
            etag: present.etag,
            request_id: self.intent.attempt.request_id,
            validate_only: self.intent.attempt.validate_only,
            reason: self.intent.reason,
        };
        output.write(ALIAS, &registry.approve_alias(request).await?, show)
    }
}

/// What is proposed, by whom and until when.
pub fn proposed(proposal: &pb::AliasProposal) -> String {
    let pb::AliasProposal { version, protected, author, reason, create_time: _, expire_time } = proposal;
    let what = match (version.as_str(), protected) {
        ("", _) => "to take it away".to_owned(),
        (version, true) => format!("to name {}", text::id(version)),
        (version, false) => format!("to name {} and be unprotected", text::id(version)),
    };
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("{what}, by {author}, until {}{why}", text::instant(*expire_time))
}
