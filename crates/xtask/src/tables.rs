//! The tables in the documents that say what the code says. A document asks for one between two marks:
//!
//! ```text
//! <!-- table: methods -->
//! <!-- end of table -->
//! ```

mod access;
pub mod figures;
mod methods;
mod reasons;
pub mod settings;

use anyhow::{Context as _, bail};

use crate::contract::Contract;
use crate::workspace::Workspace;

const BEGIN: &str = "<!-- table: ";
const BEGIN_CLOSE: &str = " -->";
const END: &str = "<!-- end of table -->";

/// The documents whose tables are not what `fix` would write.
///
/// # Errors
///
/// A mark is damaged, asks for an unknown table, or what the table is made from can't be read.
pub fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let stale = stale(workspace)?;
    Ok(stale.into_iter().map(|(path, _)| format!("{path}: a table is out of date")).collect())
}

/// Writes all tables; returns the documents that changed.
///
/// # Errors
///
/// As [`check`], or a document can't be written.
pub fn write(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut written = Vec::new();
    for (path, text) in stale(workspace)? {
        workspace.write(&path, &text)?;
        written.push(path);
    }
    Ok(written)
}

/// Each document with a stale table, and its text as it should be.
fn stale(workspace: &Workspace) -> anyhow::Result<Vec<(String, String)>> {
    let table = |name: &str| match name {
        "methods" => Ok(methods::table(&Contract::open(workspace)?)),
        "access" => access::methods(workspace),
        "roles" => access::table(workspace),
        "figures" => figures::table(workspace),
        "reasons" => reasons::table(workspace),
        "settings" => settings::table(workspace),
        unknown => bail!("there is no table `{unknown}`"),
    };
    let mut stale = Vec::new();
    for path in workspace.files("", "md")? {
        let text = workspace.read(&path)?;
        let filled = fill(&text, &table).with_context(|| path.clone())?;
        if filled != text {
            stale.push((path, filled));
        }
    }
    Ok(stale)
}

/// `text` with the lines between each pair of marks replaced by the table of that name.
fn fill(text: &str, table: &dyn Fn(&str) -> anyhow::Result<String>) -> anyhow::Result<String> {
    let mut filled = String::new();
    let mut open = false;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == END {
            if !open {
                bail!("a table ends that has not begun");
            }
            open = false;
        }
        if !open {
            filled.push_str(line);
        }
        let Some(name) = line.trim_end().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(BEGIN_CLOSE)) else {
            continue;
        };
        if open {
            bail!("the table before `{name}` does not end");
        }
        open = true;
        filled.push_str(&format!("\n{}\n", table(name)?));
    }
    if open {
        bail!("a table does not end");
    }
    Ok(filled)
}

/// A Markdown table.
pub fn markdown<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&head.map(str::to_owned));
    text.push_str(&format!("|{}\n", "---|".repeat(N)));
    for row in rows {
        text.push_str(&line(&row.clone().map(|cell| cell.replace('|', "\\|").replace('\n', " "))));
    }
    text
}

/// Whose the code in a folder of the repository is, for a column "Of".
pub fn holder(folder: &str) -> &str {
    match folder.split('/').nth(1).unwrap_or_default() {
        "chassis" => "every service",
        service => service,
    }
}

/// The first sentence of a comment, on one line.
pub fn first_sentence(comment: &str) -> String {
    let joined = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    match joined.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::{fill, first_sentence, markdown};

    fn filled(text: &str) -> anyhow::Result<String> {
        fill(text, &|name| if name == "n" { Ok("TABLE\n".to_owned()) } else { anyhow::bail!("no such table") })
    }

    #[test]
    fn a_table_is_replaced_between_its_marks_and_nowhere_else() {
        let text = "a\n<!-- table: n -->\nold\nolder\n<!-- end of table -->\nb\n";
        let wanted = "a\n<!-- table: n -->\n\nTABLE\n\n<!-- end of table -->\nb\n";
        assert_eq!(filled(text).unwrap(), wanted);
        assert_eq!(filled(wanted).unwrap(), wanted, "what was written is up to date");
    }

    #[test]
    fn damaged_marks_and_unknown_tables_are_errors() {
        assert!(filled("<!-- table: n -->\n").is_err());
        assert!(filled("<!-- end of table -->\n").is_err());
        assert!(filled("<!-- table: n -->\n<!-- table: n -->\n<!-- end of table -->\n").is_err());
        assert!(filled("<!-- table: x -->\n<!-- end of table -->\n").is_err());
    }

    #[test]
    fn a_cell_with_a_bar_stays_one_cell() {
        assert_eq!(markdown(["h"], &[["a|b".to_owned()]]), "| h |\n|---|\n| a\\|b |\n");
    }

    #[test]
    fn a_first_sentence_ends_at_its_full_stop() {
        assert_eq!(first_sentence("One\n two. Three."), "One two.");
        assert_eq!(first_sentence("One"), "One");
    }
}
