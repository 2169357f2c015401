//! The alert rules name metrics that the code writes, and every rule has its section in the operators' page.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::repo::{none, read, sources};

fn rules() -> Vec<Value> {
    let file: Value = serde_saphyr::from_str(&read("deploy/alerts.yaml")).expect("deploy/alerts.yaml is YAML");
    let groups = file["groups"].as_array().expect("groups");
    groups.iter().flat_map(|group| group["rules"].as_array().expect("rules").clone()).collect()
}

/// The words of a text that begin like our metrics.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("platen_")).map(str::to_owned).collect()
}

#[test]
fn every_metric_of_a_rule_is_written_somewhere() {
    let written: BTreeSet<String> = sources()
        .iter()
        .filter(|source| source.path.contains("/src/"))
        .flat_map(|source| source.code().flat_map(|(_, line)| metrics(line)).collect::<Vec<_>>())
        .collect();
    let mut wrong = Vec::new();
    for rule in rules() {
        let (name, expr) = (rule["alert"].as_str().expect("a name"), rule["expr"].as_str().expect("an expression"));
        let used = metrics(expr);
        assert!(!used.is_empty(), "{name} uses no metric of ours");
        // What a scrape makes of a histogram.
        let parts = |metric: &str| {
            ["_count", "_sum", "_bucket"]
                .iter()
                .any(|end| metric.strip_suffix(end).is_some_and(|of| written.contains(of)))
        };
        let unknown = used.difference(&written).filter(|metric| !parts(metric));
        wrong.extend(unknown.map(|metric| format!("{name}: {metric}")));
    }
    none("No code writes these metrics:", &wrong);
}

#[test]
fn every_rule_has_its_section() {
    let page = read("docs/alerts.md");
    let rules = rules();
    assert!(rules.len() > 8);
    for rule in rules {
        let name = rule["alert"].as_str().expect("a name");
        assert!(page.contains(&format!("\n## {name}\n")), "docs/alerts.md has no section `{name}`");
        let runbook = format!("docs/alerts.md#{}", name.to_lowercase());
        assert_eq!(rule["annotations"]["runbook"], runbook, "{name}");
        assert!(rule["annotations"]["summary"].is_string() && rule["labels"]["severity"].is_string(), "{name}");
    }
}
