//! The JSON Schema of `bowline.toml`, for editors; committed as
//! `schema/bowline-config.schema.json`.

use serde_json::{Map, Value, json};
use strum::{IntoEnumIterator, VariantNames};

use super::{FailOn, Foreign, KEYS, LEVELS, PHASES, SECTION_KEYS};
use crate::dialect::POSTGRES_VERSIONS;
use crate::project::{Layout, Transaction};

/// What a key is for, in one sentence; empty for a key that is not described.
pub fn about(key: &str) -> &'static str {
    match key {
        "engine" => {
            "The server and its major version: the oldest that the migrations have to run on."
        }
        "layout" => "The tool whose file convention holds, where bowline would choose another.",
        "transaction" => {
            "How files of no known tool are run: in a transaction of their own (file), in one for all that are pending, as one string (implicit), statement by statement, or none that is known."
        }
        "paths" => "What is checked when no path is given, relative to this file.",
        "exclude" => "Files that are not read at all.",
        "fail-on" => "The least severe finding that makes the exit code 1.",
        "baseline" => "The file of accepted findings, relative to this one.",
        "pedantic" => "Turns on the rules that are off by default.",
        "suppressions-of" => "Linters whose comments suppress findings too.",
        "phases" => "Which files are of which phase.",
        "rules" => "How severe a rule is: error, warning, info, on or off.",
        "path" => "What holds for some files only; the last section that speaks decides.",
        "globs" => "The files, relative to this one; a folder stands for all that is in it.",
        "phase" => "The phase of these migrations.",
        "ignore" => "The files are read as history and not reported on.",
        _ => "",
    }
}

/// The schema, with a property for each rule: its id and its title.
pub fn json_schema(rules: &[(&str, &str)]) -> Value {
    let rules: Map<String, Value> = rules
        .iter()
        .map(|(id, title)| {
            let level = json!({ "description": title, "$ref": "#/$defs/level" });
            ((*id).to_owned(), level)
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bowline.toml",
        "description": "What a project says about its SQL migrations. Every key is optional.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties(&KEYS),
        "$defs": {
            "strings": {
                "anyOf": [
                    { "type": "string" },
                    { "type": "array", "items": { "type": "string" } }
                ]
            },
            "level": { "enum": LEVELS },
            "rules": { "type": "object", "additionalProperties": false, "properties": rules },
            "section": {
                "type": "object",
                "additionalProperties": false,
                "required": ["globs"],
                "properties": properties(&SECTION_KEYS)
            }
        }
    })
}

fn properties(keys: &[&str]) -> Value {
    let property = |key: &&str| {
        let mut property = json!({ "description": about(key) });
        if let (Value::Object(all), Value::Object(form)) = (&mut property, form(key)) {
            all.extend(form);
        }
        ((*key).to_owned(), property)
    };
    Value::Object(keys.iter().map(property).collect())
}

/// The values that a key takes.
fn form(key: &str) -> Value {
    let one_or_more = |item: Value| json!({ "anyOf": [item, { "type": "array", "items": item }] });
    let strings = json!({ "$ref": "#/$defs/strings" });
    match key {
        "engine" => engine(),
        "layout" => json!({ "enum": Layout::iter().map(Layout::name).collect::<Vec<_>>() }),
        "transaction" => json!({ "enum": Transaction::VARIANTS, "default": "none" }),
        "paths" | "exclude" | "globs" => strings,
        "fail-on" => json!({ "enum": FailOn::VARIANTS, "default": "error" }),
        "baseline" => json!({ "type": "string" }),
        "pedantic" | "ignore" => json!({ "type": "boolean", "default": false }),
        "suppressions-of" => one_or_more(json!({ "enum": Foreign::VARIANTS })),
        "phases" => {
            let phases = PHASES
                .iter()
                .map(|phase| ((*phase).into(), strings.clone()));
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": phases.collect::<Map<_, _>>()
            })
        }
        "rules" => json!({ "$ref": "#/$defs/rules" }),
        "path" => one_or_more(json!({ "$ref": "#/$defs/section" })),
        "phase" => json!({ "enum": PHASES }),
        _ => json!({}),
    }
}

/// The words to choose from, and the other spellings that are read.
fn engine() -> Value {
    let versions: Vec<String> = POSTGRES_VERSIONS.map(|v| v.to_string()).collect();
    let mut words = vec!["postgres".to_owned()];
    words.extend(versions.iter().map(|version| format!("postgres@{version}")));
    let versions = versions.join("|");
    let pattern = format!(r"^[A-Za-z]+(@({versions})(\..*)?)?$");
    json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": pattern }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described_and_has_a_form() {
        for key in KEYS.iter().chain(&SECTION_KEYS) {
            assert!(!about(key).is_empty(), "`{key}` is not described");
            assert_ne!(form(key), json!({}), "`{key}` has no form");
        }
    }
}
