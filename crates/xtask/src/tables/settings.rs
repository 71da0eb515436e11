//! The table of all settings, read from the `Setting` constants of the code.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, ExprMethodCall, ItemConst, ItemMod, Lit};

use super::{holder, markdown};
use crate::workspace::Workspace;

/// One setting as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file; the flag is `--` and this.
    pub name: String,
    /// What holds when nothing is given; empty for none.
    pub default: String,
    /// Which texts are allowed.
    pub allowed: String,
    /// What it is for.
    pub about: String,
    /// Whether it is for whoever tests Slipway, and not for whoever runs it.
    pub for_developers: bool,
}

/// Where settings are declared that every service has.
pub const COMMON: &str = "crates/chassis/src";

/// The folders of what a service is told, those of the chassis first.
pub const FOLDERS: [&str; 4] = [COMMON, "crates/registry/src", "crates/health/src", "crates/launcher/src"];

/// The settings that only services have that call others: those whose code names [`CALLING`].
const PEERS: &str = "crates/chassis/src/settings/peers.rs";

/// How a service takes them over.
const CALLING: &str = "peers::ROWS";

/// One row a setting, in the order of the code; those of the chassis, which every service has, come first.
///
/// # Errors
///
/// A source file can't be read or parsed.
pub fn table(workspace: &Workspace) -> anyhow::Result<String> {
    let mut rows = Vec::new();
    for folder in FOLDERS {
        rows.extend(in_folder(workspace, folder)?.iter().map(|setting| row(holder(folder), setting)));
    }
    Ok(markdown(["Setting", "Variable", "Default", "Allowed", "What it is for", "Of"], &rows))
}

/// The settings that are declared in a folder, in the order of its files.
///
/// # Errors
///
/// A source file can't be read or parsed, or a setting is declared in a way that can't be read.
pub fn in_folder(workspace: &Workspace, folder: &str) -> anyhow::Result<Vec<Setting>> {
    let mut files = Vec::new();
    let mut found = Found::default();
    let mut paths = workspace.files(folder, "rs")?;
    paths.retain(|path| path != PEERS);
    let texts = paths.iter().map(|path| workspace.read(path)).collect::<anyhow::Result<Vec<_>>>()?;
    if texts.iter().any(|text| text.contains(CALLING)) {
        paths.push(PEERS.to_owned());
    }
    for path in paths {
        let text = workspace.read(&path)?;
        let file = syn::parse_file(&text).with_context(|| format!("can't parse {path}"))?;
        // A text may stand in another file than the settings that share it.
        Texts(&mut found.texts).visit_file(&file);
        if text.contains("Setting::") {
            files.push((path, file));
        }
    }
    for (path, file) in files {
        found.visit_file(&file);
        if let Some(call) = found.unreadable.pop() {
            bail!("{path}: {call} is declared by something else than texts, which the table can't be made from");
        }
    }
    Ok(found.settings)
}

impl Setting {
    /// The variable of the environment that gives it.
    pub fn variable(&self) -> String {
        format!("SLIPWAY_{}", self.name.replace(['-', '.'], "_").to_ascii_uppercase())
    }
}

fn row(holder: &str, setting: &Setting) -> [String; 6] {
    let variable = format!("`{}`", setting.variable());
    let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
    [
        format!("`--{}`", setting.name),
        variable,
        default,
        setting.allowed.clone(),
        setting.about.clone(),
        holder.to_owned(),
    ]
}

/// Gathers the texts that have a name of their own, which several settings may share.
struct Texts<'a>(&'a mut BTreeMap<String, String>);

impl<'ast> Visit<'ast> for Texts<'_> {
    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = item.expr.as_ref() {
            self.0.insert(item.ident.to_string(), text.value());
        }
    }
}

#[derive(Default)]
struct Found {
    texts: BTreeMap<String, String>,
    settings: Vec<Setting>,
    /// What was called to declare a setting that can't be read.
    unreadable: Vec<String>,
}

impl Found {
    /// The text of an argument: a literal, or a constant.
    fn text(&self, argument: &Expr) -> Option<String> {
        match argument {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            Expr::Path(path) => self.texts.get(&path.path.get_ident()?.to_string()).cloned(),
            _ => None,
        }
    }

    fn setting(&self, call: &ExprCall, maker: &str) -> Option<Setting> {
        let text = |index: usize| self.text(call.args.get(index)?);
        let for_developers = false;
        match maker {
            "new" => {
                let (name, default, allowed, about) = (text(0)?, text(1)?, text(3)?, text(4)?);
                Some(Setting { name, default, allowed, about, for_developers })
            }
            "switch" => {
                let (default, allowed) = ("false".to_owned(), "true or false".to_owned());
                Some(Setting { name: text(0)?, default, allowed, about: text(1)?, for_developers })
            }
            _ => None,
        }
    }
}

/// The function that is called, if it declares a setting: `Setting::new`, not `Self::new`.
fn maker(call: &ExprCall) -> Option<String> {
    let Expr::Path(function) = call.func.as_ref() else { return None };
    let mut words = function.path.segments.iter().rev().map(|segment| segment.ident.to_string());
    let (maker, of) = (words.next()?, words.next()?);
    (of == "Setting").then_some(maker)
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        // Tests declare settings of their own.
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        visit::visit_expr_method_call(self, call);
        if call.method == "for_developers"
            && let Some(setting) = self.settings.last_mut()
        {
            setting.for_developers = true;
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Some(maker) = maker(call) {
            match self.setting(call, &maker) {
                Some(setting) => self.settings.push(setting),
                None => self.unreadable.push(format!("Setting::{maker}")),
            }
        }
        visit::visit_expr_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::{Setting, in_folder, row};
    use crate::workspace::Workspace;

    fn setting(name: &str, default: &str, allowed: &str, about: &str) -> Setting {
        let [name, default, allowed, about] = [name, default, allowed, about].map(str::to_owned);
        Setting { name, default, allowed, about, for_developers: false }
    }

    fn settings(files: &[(&str, &str)]) -> anyhow::Result<Vec<Setting>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, code) in files {
            std::fs::write(folder.path().join(name), code).unwrap();
        }
        in_folder(&Workspace::at(folder.path()), "")
    }

    #[test]
    fn settings_are_found_with_the_texts_they_share_in_whatever_file() {
        let code = r#"
            const ADDRESS: &str = "an address";
            const LISTEN: Setting<A> = Setting::new("ops-listen", "", parse::address, ADDRESS, "Where").for_developers();
            const KIND: Setting<A> = Setting::new("kind", USUAL, parse::kind, "a or b", "Which");
            const ON: Setting<bool> = Setting::switch("on", "Whether");
            fn other() { Other::new("a", "b", c, "d", "e"); }
        "#;
        let wanted = [
            Setting { for_developers: true, ..setting("ops-listen", "", "an address", "Where") },
            setting("kind", "a", "a or b", "Which"),
            setting("on", "false", "true or false", "Whether"),
        ];
        assert_eq!(settings(&[("a.rs", code), ("b.rs", r#"pub const USUAL: &str = "a";"#)]).unwrap(), wanted);
    }

    #[test]
    fn a_setting_that_can_t_be_read_is_an_error_and_never_left_out() {
        assert!(settings(&[("a.rs", r#"const ON: Setting<bool> = Setting::switch(NAME, "Whether");"#)]).is_err());
    }

    #[test]
    fn a_row_names_flag_and_variable() {
        let cells = row("registry", &setting("clock.speed", "1", "a number", "How fast"));
        assert_eq!(cells, ["`--clock.speed`", "`SLIPWAY_CLOCK_SPEED`", "`1`", "a number", "How fast", "registry"]);
    }
}
