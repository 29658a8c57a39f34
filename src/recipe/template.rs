//! A recipe's template, and the steps that its text is made of.
//!
//! Lines that begin a step: `-- release: WORDS`, `-- by hand: WORDS`, and
//! `-- file: PHASE NAME`, with `alone` behind it for a statement that refuses to run in a transaction.
//! Behind `-- down` stands what undoes the file.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Rest, Serde, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::facts::{Facts, made_up};
use super::{Script, Step};
use crate::phase::Phase;
use crate::rule::sql_name;

const TEMPLATES: &[(&str, &str)] = &[
    (
        "add-column",
        include_str!("../../rules/recipes/add-column.sql"),
    ),
    (
        "change-type",
        include_str!("../../rules/recipes/change-type.sql"),
    ),
    (
        "drop-column",
        include_str!("../../rules/recipes/drop-column.sql"),
    ),
    (
        "drop-object",
        include_str!("../../rules/recipes/drop-object.sql"),
    ),
    (
        "drop-table",
        include_str!("../../rules/recipes/drop-table.sql"),
    ),
    (
        "rename-column",
        include_str!("../../rules/recipes/rename-column.sql"),
    ),
    (
        "rename-enum-value",
        include_str!("../../rules/recipes/rename-enum-value.sql"),
    ),
    (
        "rename-table",
        include_str!("../../rules/recipes/rename-table.sql"),
    ),
    (
        "set-not-null",
        include_str!("../../rules/recipes/set-not-null.sql"),
    ),
];

/// What several recipes share.
const PARTS: &str = include_str!("../../rules/recipes/parts.sql");

/// The names of all recipes.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(name, _)| *name)
}

/// Fills in a template.
///
/// # Errors
/// What the template says where it does not cover the case.
pub fn render(name: &str, facts: &Facts) -> Result<Vec<Step>, String> {
    let text = text_of(name, facts).map_err(|error| match error.detail() {
        Some(why) if why.starts_with(REFUSED) => why.to_owned(),
        _ => format!("the recipe `{name}` is damaged: {error:#}"),
    })?;
    steps(&text).map_err(|line| format!("the recipe `{name}` is damaged: `{line}`"))
}

/// How a template says that it does not cover a case.
const REFUSED: &str = "no recipe for this one: ";

fn text_of(name: &str, facts: &Facts) -> Result<String, Error> {
    let mut engine = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    engine.set_syntax(syntax);
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.add_function("refuse", |why: String| -> Result<Value, Error> {
        let why = format!("{REFUSED}{why}");
        Err(Error::new(ErrorKind::InvalidOperation, why))
    });
    engine.add_function("word", |parts: Rest<String>| word(&parts));
    engine.add_function("ident", |parts: Rest<String>| {
        sql_name(&made_up(&parts)).to_string()
    });
    engine.add_function("row", |of: String, columns: Vec<String>| {
        let fields: Vec<String> = columns.iter().map(|c| format!("{of}.{c}")).collect();
        match &fields[..] {
            [one] => one.clone(),
            all => format!("({})", all.join(", ")),
        }
    });
    engine.add_function("descending", |columns: Vec<String>| {
        let each: Vec<String> = columns.iter().map(|c| format!("{c} DESC")).collect();
        each.join(", ")
    });
    engine.add_filter("literal", |text: String| {
        format!("'{}'", text.replace('\'', "''"))
    });
    engine.add_template("parts", PARTS)?;
    let template = TEMPLATES.iter().find(|(known, _)| *known == name);
    engine.add_template("recipe", template.map_or("", |(_, text)| *text))?;
    engine
        .get_template("recipe")?
        .render(Value::from(Serde(facts)))
}

/// A part of a file's name: letters, digits and `_`.
fn word(parts: &[String]) -> String {
    let joined = made_up(parts).to_lowercase();
    let kept = joined.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = kept.filter(|word| !word.is_empty()).collect();
    words.join("_")
}

fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut in_down = false;
    for line in text.lines() {
        if let Some(words) = words(line) {
            steps.push(Step::Words(words.to_owned()));
        } else if let Some(head) = line.strip_prefix("-- file: ") {
            steps.push(Step::Migration(script(head).ok_or(line)?));
            in_down = false;
        } else if line.trim_end() == "-- down" {
            in_down = true;
        } else if let Some(Step::Migration(script)) = steps.last_mut() {
            let part = match in_down {
                true => &mut script.down,
                false => &mut script.up,
            };
            part.push_str(line.trim_end());
            part.push('\n');
        } else if !line.trim().is_empty() {
            return Err(line.to_owned());
        }
    }
    for step in &mut steps {
        if let Step::Migration(script) = step {
            script.up = tidy(&script.up);
            script.down = tidy(&script.down);
        }
    }
    steps.retain(|step| !matches!(step, Step::Migration(script) if script.up.is_empty()));
    Ok(steps)
}

fn words(line: &str) -> Option<&str> {
    let words = line.strip_prefix("-- ")?.trim_end();
    let for_people = words.starts_with("release: ") || words.starts_with("by hand: ");
    for_people.then_some(words)
}

fn script(head: &str) -> Option<Script> {
    let mut words = head.split_whitespace();
    let phase: Phase = words.next()?.parse().ok()?;
    let name = words.next()?.to_owned();
    let alone = match words.next() {
        None => false,
        Some("alone") => true,
        Some(_) => return None,
    };
    Some(Script {
        phase,
        name,
        alone,
        up: String::new(),
        down: String::new(),
    })
}

/// No blank lines at the ends, and never two in a row.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut blank = true;
    for line in text.lines() {
        let is_blank = line.is_empty();
        if !(blank && is_blank) {
            out.push_str(line);
            out.push('\n');
        }
        blank = is_blank;
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    if !out.is_empty() {
        out.push('\n');
    }
    out
}
