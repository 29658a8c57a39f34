//! One text instead of a folder: standard input, or what a tool prints.

use std::sync::Arc;

use super::{File, Named, Options, Project, organise};
use crate::source::Source;

/// A project of one text, read as a file of its name would be: a part of a
/// known layout by its name or its comments, the output of Django's
/// `sqlmigrate`, Alembic's `--sql` or EF Core's `script`, or plain SQL.
pub fn stream(source: Arc<Source>, options: &Options) -> Project {
    let file = File {
        path: source.path().to_string(),
        source,
        named: Named::File,
        selected: true,
    };
    organise(vec![file], options)
}

#[cfg(test)]
mod tests {
    use super::super::{Layout, Transaction};
    use super::*;

    fn layout(name: &str, text: &str) -> (Layout, Transaction, String) {
        let project = stream(Arc::new(Source::new(name, text)), &Options::default());
        let [history] = project.histories.as_slice() else {
            panic!("{name}: {:?}", project.histories);
        };
        let [migration] = history.migrations.as_slice() else {
            panic!("{name}: {:?}", history.migrations);
        };
        let part = migration.up[0];
        let text = project.sources[part.source].slice(part.span).trim();
        (history.layout, part.transaction, text.to_string())
    }

    #[test]
    fn a_text_is_read_by_its_name_or_its_comments() {
        use Layout::*;
        for (name, text, expected, transaction, up) in [
            ("<stdin>", "SELECT 1", Plain, Transaction::None, "SELECT 1"),
            ("x.sql", "", Plain, Transaction::None, ""),
            (
                "stdin.sql",
                "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;",
                Goose,
                Transaction::File,
                "SELECT 1;",
            ),
            (
                "m/2024-01-02-030405_x/up.sql",
                "SELECT 1",
                Diesel,
                Transaction::File,
                "SELECT 1",
            ),
            (
                "db/V1__x.sql",
                "SELECT 1",
                Flyway,
                Transaction::File,
                "SELECT 1",
            ),
            (
                "supabase/migrations/1_x.sql",
                "SELECT 1",
                Supabase,
                Transaction::Implicit,
                "SELECT 1",
            ),
            (
                "-",
                "BEGIN;\n--\n-- Create model A\n--\nSELECT 1;\nCOMMIT;",
                Django,
                Transaction::None,
                "BEGIN;\n--\n-- Create model A\n--\nSELECT 1;\nCOMMIT;",
            ),
        ] {
            assert_eq!(
                layout(name, text),
                (expected, transaction, up.to_string()),
                "{name}"
            );
        }
    }
}
