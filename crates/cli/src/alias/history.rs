//! `slipway alias history`: what the ledger says of an alias.

use anyhow::Result;
use clap::Args;
use slipway_sdk::pb;
use slipway_sdk::pb::resource::Resource as Kind;

use crate::connect::Connect;
use crate::listing::{Limit, Look, Page};
use crate::output::Output;
use crate::{text, value};

/// `slipway alias history`.
#[derive(Debug, Args)]
pub struct History {
    /// The alias, as flight-delay@champion.
    alias: value::Alias,
    #[command(flatten)]
    limit: Limit,
}

impl History {
    /// Does what was asked.
    pub async fn run(self, connect: &Connect, output: Output) -> Result<()> {
        let registry = connect.registry()?;
        let parent = connect.alias(&self.alias).to_string();
        let ask = async |page_size, page_token| {
            let request =
                pb::ListChangesRequest { parent: parent.clone(), page_size, page_token, ..Default::default() };
            let page = registry.list_changes(request).await?;
            Ok(Page { items: page.changes, next: page.next_page_token, total: None })
        };
        let look = Look {
            kind: "slipway.registry.v1.Change",
            headings: ["revision", "age", "who", "what", "why"],
            row,
            nothing: "there was never such an alias",
        };
        self.limit.list(output, look, ask).await
    }
}

fn row(change: &pb::Change) -> [String; 5] {
    [
        change.revision.to_string(),
        text::age(change.time),
        change.principal.clone(),
        what(alias(change.before.as_ref()), alias(change.after.as_ref())),
        change.reason.clone(),
    ]
}

fn alias(resource: Option<&pb::Resource>) -> Option<&pb::Alias> {
    match resource?.resource.as_ref()? {
        Kind::Alias(alias) => Some(alias),
        _ => None,
    }
}

/// What became of the alias.
fn what(before: Option<&pb::Alias>, after: Option<&pb::Alias>) -> String {
    let number = |alias: &pb::Alias| text::id(&alias.version).to_owned();
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (None, Some(after)) => return format!("names {}", number(after)),
        (Some(before), None) => return format!("taken away from {}", number(before)),
        (None, None) => return String::new(),
    };
    let mut told = Vec::new();
    if before.version != after.version {
        told.push(format!("from {} to {}", number(before), number(after)));
    }
    match (before.protected, after.protected) {
        (false, true) => told.push("protected".to_owned()),
        (true, false) => told.push("unprotected".to_owned()),
        (true, true) | (false, false) => {}
    }
    match (&before.proposal, &after.proposal) {
        (_, Some(proposal)) if before.proposal != after.proposal => {
            told.push(format!("proposed {}", super::protected::proposed(proposal)));
        }
        (Some(_), None) if told.is_empty() => told.push("proposal taken back".to_owned()),
        _ => {}
    }
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_in_a_few_words() {
        let of = |number: &str, protected| pb::Alias {
            version: format!("namespaces/default/models/m/versions/{number}"),
            protected,
            ..Default::default()
        };
        let waiting = pb::Alias { proposal: Some(pb::AliasProposal::default()), ..of("1", true) };
        assert_eq!(what(None, Some(&of("1", false))), "names 1");
        assert_eq!(what(Some(&of("1", false)), Some(&of("2", true))), "from 1 to 2, protected");
        assert_eq!(what(Some(&waiting), Some(&of("1", true))), "proposal taken back");
        assert_eq!(what(Some(&waiting), Some(&of("2", true))), "from 1 to 2");
        assert!(what(Some(&of("1", true)), Some(&waiting)).starts_with("proposed to take it away"));
        assert_eq!(what(Some(&of("2", true)), None), "taken away from 2");
    }
}
