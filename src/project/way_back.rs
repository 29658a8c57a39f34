//! Where a tool looks for the way back from a migration, and how it wants it
//! written.

use super::directive::{self, line_above};
use super::{Down, Layout, Migration, Part, Transaction};
use crate::source::{Source, Span};

/// Where the statements of a down belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of its own, with what has to stand at its head.
    File { path: String, head: String },
    /// A stretch of the migration's own file: what takes the place of `span`
    /// begins with `head`.
    Section {
        span: Span,
        head: String,
        /// The stretch holds something already.
        taken: bool,
        /// Each line of SQL is a comment that the tool reads.
        prefix: &'static str,
        marks: Marks,
    },
    /// The tool has no downs; says so.
    Nowhere(&'static str),
}

/// What stands around a statement that holds semicolons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub begin: &'static str,
    pub end: &'static str,
}

const GOOSE: Marks = Marks {
    begin: "-- +goose StatementBegin",
    end: "-- +goose StatementEnd",
};

const SQL_MIGRATE: Marks = Marks {
    begin: "-- +migrate StatementBegin",
    end: "-- +migrate StatementEnd",
};

/// The place of the down of one migration.
pub fn place(layout: Layout, migration: &Migration, source: &Source) -> Place {
    let Some(up) = migration.up.first() else {
        return Place::Nowhere("the migration has no SQL to go back from");
    };
    if up.source != migration.source {
        return Place::Nowhere("its files do not stand where their tool looks for them");
    }
    let path = source.path();
    match layout {
        Layout::Goose => section(migration, source, "-- +goose Down", GOOSE),
        Layout::SqlMigrate => {
            let option = option(up.transaction == Transaction::Statement, " notransaction");
            let head = format!("-- +migrate Down{option}");
            section(migration, source, &head, SQL_MIGRATE)
        }
        Layout::Dbmate => {
            let above = line_above(source, up.span.start);
            let off = above.is_some_and(|line| line.text.contains("transaction:false"));
            let head = format!("-- migrate:down{}", option(off, " transaction:false"));
            section(migration, source, &head, Marks::default())
        }
        Layout::Tern => {
            const SEPARATOR: &str = "---- create above / drop below ----";
            const DISABLE: &str = "---- tern: disable-tx ----";
            let off = source.slice(up.span).contains(DISABLE);
            let head = match off {
                true => format!("{SEPARATOR}\n\n{DISABLE}"),
                false => SEPARATOR.to_owned(),
            };
            section(migration, source, &head, Marks::default())
        }
        Layout::Liquibase => rollback(migration, up),
        Layout::NodePgMigrate if paired(path).is_none() => {
            section(migration, source, "-- Down Migration", Marks::default())
        }
        Layout::GolangMigrate
        | Layout::Pop
        | Layout::NodePgMigrate
        | Layout::Diesel
        | Layout::Hasura
        | Layout::Plain => match paired(path) {
            Some(path) => Place::File {
                path,
                head: String::new(),
            },
            None => Place::Nowhere("its name does not say that it is an up"),
        },
        Layout::Sqlx => match paired(path) {
            Some(path) => Place::File {
                path,
                head: option(
                    source.text().starts_with("-- no-transaction"),
                    "-- no-transaction\n",
                )
                .to_owned(),
            },
            None => Place::Nowhere(
                "sqlx has no down for a migration whose name does not end in `.up.sql`",
            ),
        },
        Layout::Flyway => match beside(path, |name| {
            let rest = name.strip_prefix('V').or_else(|| name.strip_prefix('v'))?;
            Some(format!("U{rest}"))
        }) {
            Some(path) => Place::File {
                path,
                head: String::new(),
            },
            None => Place::Nowhere("Flyway has an undo for versioned migrations only"),
        },
        Layout::Sqitch => match path.rsplit_once("deploy/") {
            Some((root, name)) => Place::File {
                path: format!("{root}revert/{name}"),
                head: String::new(),
            },
            None => Place::Nowhere("it does not stand in the folder `deploy`"),
        },
        Layout::Prisma => Place::Nowhere("Prisma runs no downs"),
        Layout::Drizzle => Place::Nowhere("Drizzle runs no downs"),
        Layout::Supabase => Place::Nowhere("Supabase runs no downs"),
        Layout::Refinery => {
            Place::Nowhere("refinery runs no downs; a file `U…` is a migration to it")
        }
        Layout::Atlas => Place::Nowhere("Atlas computes its downs from the database"),
        Layout::GraphileMigrate => Place::Nowhere("graphile-migrate runs no downs"),
        Layout::Alembic | Layout::Django | Layout::EfCore => {
            Place::Nowhere("the text is a tool's output, not a file that it runs")
        }
    }
}

fn option(on: bool, text: &str) -> &str {
    if on { text } else { "" }
}

/// `x.up.sql` to `x.down.sql`, `up.sql` to `down.sql`, `x_up.sql` to
/// `x_down.sql`.
fn paired(path: &str) -> Option<String> {
    beside(path, |name| {
        if name == "up.sql" {
            return Some("down.sql".to_owned());
        }
        [(".up.", ".down."), ("_up.", "_down."), ("-up.", "-down.")]
            .iter()
            .find(|(up, _)| name.contains(up))
            .and_then(|(up, down)| {
                let (head, tail) = name.rsplit_once(up)?;
                Some(format!("{head}{down}{tail}"))
            })
    })
}

fn beside(path: &str, rename: impl Fn(&str) -> Option<String>) -> Option<String> {
    match path.rsplit_once('/') {
        Some((folder, name)) => Some(format!("{folder}/{}", rename(name)?)),
        None => rename(path),
    }
}

/// The section that is there, with the line that begins it, or the end of the
/// file.
fn section(migration: &Migration, source: &Source, head: &str, marks: Marks) -> Place {
    let end = source.text().len() as u32;
    let place = |span: Span, head: String, taken: bool| Place::Section {
        span,
        head,
        taken,
        prefix: "",
        marks,
    };
    match &migration.down {
        Down::Parts(parts) => {
            let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
                return Place::Nowhere("its down has no place");
            };
            if first.source != migration.source {
                return Place::Nowhere("its down stands in another file");
            }
            let taken = parts.iter().any(|part| says_something(source, part));
            let span = Span::new(first.span.start, last.span.end);
            // The line that begins the section stays.
            let own = directive::line_above(source, first.span.start).is_none();
            let head = if own { "\n".to_owned() } else { String::new() };
            place(span, head, taken)
        }
        _ => {
            let blank = if source.text().ends_with("\n\n") {
                ""
            } else {
                "\n"
            };
            let line = if source.text().ends_with('\n') {
                ""
            } else {
                "\n"
            };
            place(Span::new(end, end), format!("{line}{blank}{head}\n"), false)
        }
    }
}

fn says_something(source: &Source, part: &Part) -> bool {
    source.slice(part.span).lines().any(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("--")
    })
}

/// Lines behind the changeset, each a comment.
fn rollback(migration: &Migration, up: &Part) -> Place {
    let taken = !matches!(migration.down, Down::Missing);
    let end = migration
        .up
        .last()
        .map_or(up.span.end, |part| part.span.end);
    Place::Section {
        span: Span::new(end, end),
        head: String::new(),
        taken,
        prefix: "--rollback ",
        marks: Marks::default(),
    }
}
