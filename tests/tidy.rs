//! What a reader may take for granted in every file, as far as neither the compiler nor clippy checks it. Each test is
//! one rule; each failure names the file, the line and the rule. Clippy has the rest: arguments, booleans as parameters,
//! `unwrap`, prints (`clippy.toml` and the lints of the workspace).

mod tidy {
    pub mod attributes;
    pub mod documents;
    pub mod doors;
    pub mod layers;
    pub mod manifests;
    pub mod names;
    pub mod shape;
    pub mod source;
    pub mod tree;
    pub mod words;
}

use std::sync::LazyLock;

use tidy::tree::{Complaint, Tree};
use tidy::{attributes, documents, doors, layers, manifests, names, shape, words};

static REPOSITORY: LazyLock<Tree> =
    LazyLock::new(|| Tree::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).expect("the repository can be read"));

/// Panics with everything in the repository that breaks `rule`.
fn holds(rule: fn(&Tree) -> Vec<Complaint>) {
    let complaints = rule(&REPOSITORY);
    let lines: Vec<String> = complaints.iter().map(Complaint::to_string).collect();
    assert!(lines.is_empty(), "{} places:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn no_function_is_too_long() {
    holds(shape::long_functions);
}

#[test]
fn no_file_is_too_long() {
    holds(shape::long_files);
}

#[test]
fn the_main_of_a_service_fits_on_one_screen() {
    holds(shape::long_mains);
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    holds(shape::headless_files);
}

#[test]
fn no_module_hides_in_a_mod_rs() {
    holds(shape::mod_files);
}

#[test]
fn no_type_has_a_name_that_says_nothing() {
    holds(names::empty_words);
}

#[test]
fn every_crate_depends_only_on_what_lies_below_it() {
    holds(layers::dependencies);
}

#[test]
fn the_wire_is_spoken_only_at_the_edges_of_a_service() {
    holds(layers::wire);
}

#[test]
fn the_command_line_touches_the_services_only_where_it_runs_them() {
    holds(layers::command_line);
}

#[test]
fn time_chance_and_statuses_come_through_their_doors() {
    holds(doors::walls);
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() {
    holds(attributes::unfinished);
}

#[test]
fn every_lint_that_is_allowed_says_why() {
    holds(attributes::silenced);
}

#[test]
fn every_link_and_path_in_a_document_leads_somewhere() {
    holds(documents::dead_links);
}

#[test]
fn the_architecture_can_be_read_in_one_sitting() {
    holds(documents::long_architecture);
}

#[test]
fn versions_of_dependencies_stand_in_the_workspace_alone() {
    holds(manifests::versions);
}

#[test]
fn every_dependency_is_used() {
    holds(manifests::unused);
}

#[test]
fn the_project_speaks_of_itself_only() {
    holds(words::foreign);
}
