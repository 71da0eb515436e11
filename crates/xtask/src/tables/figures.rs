//! The table of all figures on `/metrics`, read from the `Figure` constants of the code.

use anyhow::{Context as _, bail};
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, Lit};

use super::markdown;
use crate::workspace::Workspace;

/// The folders whose figures a running service shows.
const FOLDERS: [&str; 4] = ["crates/chassis/src", "crates/registry/src", "crates/health/src", "crates/launcher/src"];

/// One figure as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// As Prometheus knows it, without the endings of a histogram's series.
    pub name: String,
    kind: &'static str,
    /// Their names, and their values in words.
    pub labels: Vec<(String, String)>,
    about: String,
    holder: String,
}

impl Figure {
    /// The names under which its series are stored.
    pub fn series(&self) -> Vec<String> {
        let endings: &[&str] = if self.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        endings.iter().map(|ending| format!("{}{ending}", self.name)).collect()
    }

    fn unit(&self) -> &'static str {
        let name = self.name.strip_suffix("_total").unwrap_or(&self.name);
        match name.rsplit('_').next() {
            Some("seconds") => "seconds",
            Some("bytes") => "bytes",
            _ => "",
        }
    }
}

/// All figures, in the order of the code; those of the chassis, which every service has, come first.
///
/// # Errors
///
/// A source file can't be read or parsed, or a figure is declared in a way that can't be read.
pub fn all(workspace: &Workspace) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for folder in FOLDERS {
        let holder = super::holder(folder);
        for path in workspace.files(folder, "rs")? {
            let text = workspace.read(&path)?;
            if text.contains("Figure::") {
                let file = syn::parse_file(&text).with_context(|| format!("can't parse {path}"))?;
                figures.extend(in_file(&file, holder).with_context(|| path.clone())?);
            }
        }
    }
    Ok(figures)
}

/// One row a figure.
///
/// # Errors
///
/// As [`all`].
pub fn table(workspace: &Workspace) -> anyhow::Result<String> {
    let rows: Vec<[String; 6]> = all(workspace)?.into_iter().map(row).collect();
    Ok(markdown(["Figure", "Kind", "Unit", "Labels", "What it says", "Of"], &rows))
}

fn row(figure: Figure) -> [String; 6] {
    let unit = figure.unit().to_owned();
    let Figure { name, kind, labels, about, holder } = figure;
    let labels: Vec<String> = labels.iter().map(|(name, values)| format!("`{name}`: {values}")).collect();
    [format!("`{name}`"), kind.to_owned(), unit, labels.join(" · "), about, holder]
}

fn in_file(file: &syn::File, holder: &str) -> anyhow::Result<Vec<Figure>> {
    let mut found = Found { holder, figures: Vec::new(), unreadable: 0 };
    found.visit_file(file);
    match found.unreadable {
        0 => Ok(found.figures),
        _ => bail!("a figure is declared by something else than literals, which the table can't be made from"),
    }
}

struct Found<'a> {
    holder: &'a str,
    figures: Vec<Figure>,
    unreadable: usize,
}

impl<'ast> Visit<'ast> for Found<'_> {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Some(maker) = maker(call) {
            match figure(call, &maker, self.holder) {
                Some(figure) => self.figures.push(figure),
                None => self.unreadable += 1,
            }
        }
        visit::visit_expr_call(self, call);
    }
}

/// The function that is called, if it declares a figure.
fn maker(call: &ExprCall) -> Option<String> {
    let Expr::Path(function) = call.func.as_ref() else { return None };
    let mut words = function.path.segments.iter().rev().map(|segment| segment.ident.to_string());
    let (maker, of) = (words.next()?, words.next()?);
    (of == "Figure").then_some(maker)
}

fn figure(call: &ExprCall, maker: &str, holder: &str) -> Option<Figure> {
    let (name, about) = (text(call.args.get(0)?)?, text(call.args.get(1)?)?);
    let (kind, name) = match maker {
        "total" => ("counter", format!("{name}_total")),
        "gauge" => ("gauge", name),
        "durations" => ("histogram", name),
        _ => return None,
    };
    Some(Figure { name, kind, labels: labels(call.args.get(2)?)?, about, holder: holder.to_owned() })
}

fn labels(argument: &Expr) -> Option<Vec<(String, String)>> {
    let Expr::Reference(reference) = argument else { return None };
    let Expr::Array(array) = reference.expr.as_ref() else { return None };
    let pair = |element: &Expr| {
        let Expr::Tuple(pair) = element else { return None };
        Some((text(pair.elems.get(0)?)?, text(pair.elems.get(1)?)?))
    };
    array.elems.iter().map(pair).collect()
}

fn text(argument: &Expr) -> Option<String> {
    match argument {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{in_file, row};

    fn rows(code: &str) -> anyhow::Result<Vec<[String; 6]>> {
        Ok(in_file(&syn::parse_file(code).unwrap(), "registry")?.into_iter().map(row).collect())
    }

    #[test]
    fn a_figure_is_a_row_with_the_name_that_prometheus_knows() {
        let code = r#"
            const A: Figure<Total> = Figure::total("cpu_seconds", "Work.", &[]);
            const B: Figure<Durations> = Figure::durations("took_seconds", "Time.", &[("kind", "a or b")]);
            const C: Figure<Gauge> = Figure::gauge("open", "Files.", &[]);
        "#;
        let wanted = [
            ["`cpu_seconds_total`", "counter", "seconds", "", "Work.", "registry"],
            ["`took_seconds`", "histogram", "seconds", "`kind`: a or b", "Time.", "registry"],
            ["`open`", "gauge", "", "", "Files.", "registry"],
        ];
        assert_eq!(rows(code).unwrap(), wanted);
    }

    #[test]
    fn a_histogram_has_three_series() {
        let code = r#"const B: Figure<Durations> = Figure::durations("took_seconds", "Time.", &[]);"#;
        let figures = in_file(&syn::parse_file(code).unwrap(), "registry").unwrap();
        assert_eq!(figures[0].series(), ["took_seconds_bucket", "took_seconds_sum", "took_seconds_count"]);
    }

    #[test]
    fn a_figure_that_can_t_be_read_is_an_error_and_never_left_out() {
        assert!(rows(r#"const A: Figure<Total> = Figure::total(NAME, "Work.", &[]);"#).is_err());
        assert!(rows(r#"const A: Figure<Total> = Figure::total("a", "Work.", LABELS);"#).is_err());
    }
}
