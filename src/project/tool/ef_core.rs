//! EF Core `migrations script`: a text with the SQL of several migrations, each
//! of which ends by writing to `__EFMigrationsHistory` (documentation).

use super::super::directive::{self, EF_CORE};
use super::super::folder::{Folder, Script, Tool};
use super::super::{Down, Layout, Migration, Transaction, name};
use crate::source::Span;

pub const TOOL: Tool = Tool {
    layout: Layout::EfCore,
    claims: |folder| folder.mostly(EF_CORE),
    read,
    engine: super::unknown,
    opt_out: super::no_opt_out,
};

fn read(folder: &Folder) -> Vec<Migration> {
    let mut scripts: Vec<&Script> = folder.scripts.iter().collect();
    scripts.sort_by(|a, b| name::natural(&a.path, &b.path));
    scripts.into_iter().flat_map(migrations).collect()
}

/// What a migration's last lines may be, behind its entry in the history.
const TAIL: &[&str] = &[
    "",
    "COMMIT",
    "COMMIT TRANSACTION",
    "GO",
    "END",
    "END IF",
    "END $EF$",
];

struct Step {
    start: u32,
    end: u32,
    id: String,
    down: bool,
}

fn migrations(script: &Script) -> Vec<Migration> {
    let mut steps: Vec<Step> = Vec::new();
    let mut start = 0;
    // The entry that is being read: is it taken away?
    let mut entry: Option<bool> = None;
    for line in directive::lines(script.text()) {
        if line.text.contains("__EFMigrationsHistory") {
            if line.text.contains("INSERT INTO") {
                entry = Some(false);
            } else if line.text.contains("DELETE FROM") {
                entry = Some(true);
            }
        }
        let text = line.text.trim().trim_end_matches(';');
        if let Some(down) = entry
            && let Some(id) = quoted_id(text)
        {
            steps.push(Step {
                start,
                end: line.next,
                id,
                down,
            });
            (entry, start) = (None, line.next);
        } else if let Some(step) = steps.last_mut()
            && step.end == line.span.start
            && TAIL.iter().any(|tail| text.eq_ignore_ascii_case(tail))
        {
            (step.end, start) = (line.next, line.next);
        }
    }
    steps.iter().map(|step| migration(script, step)).collect()
}

/// The first literal behind `VALUES` or `=`: `VALUES (N'2024…_Init', …)`.
fn quoted_id(text: &str) -> Option<String> {
    let at = text.find("VALUES").or_else(|| text.find('='))?;
    let (_, rest) = text[at..].split_once('\'')?;
    Some(rest.split('\'').next()?.to_string())
}

fn migration(script: &Script, step: &Step) -> Migration {
    let version = name::number(&step.id).map_or("", |(digits, _)| digits);
    let mut migration = script.migration(&step.id, version);
    let part = script.part(Span::new(step.start, step.end), Transaction::None);
    if step.down {
        migration.down = Down::Parts(vec![part]);
    } else {
        migration.up = vec![part];
    }
    migration
}
