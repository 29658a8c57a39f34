//! The steps of a recipe as files of the tool that will run them: their names,
//! the tool's marks, and what asks it for no transaction.

use super::{Place, Script, Shown, Step};
use crate::project::{Down, Layout, Migration, Transaction};
use crate::source::Span;
use crate::statement::{SplitOptions, split};

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationFile {
    /// `/`-separated, beside the files that are there.
    pub path: String,
    pub text: String,
}

/// How a tool wants a migration. In names `{v}` stands for the version with what
/// divides it from the name, `{name}` for the name.
#[derive(Clone, Copy, Debug)]
struct Form {
    up: &'static str,
    /// The file of the way back; none where it stands behind a mark, or where
    /// the tool knows none.
    down: Option<&'static str>,
    /// The first lines of a file.
    head: &'static str,
    /// The first lines of a file that is to run outside a transaction.
    head_alone: &'static str,
    down_mark: Option<&'static str>,
    /// What stands around a statement with semicolons in it.
    block: Option<(&'static str, &'static str)>,
    /// What stands between statements.
    between: &'static str,
    /// A file beside, for what is to run outside a transaction.
    beside: Option<(&'static str, &'static str)>,
}

const PLAIN: Form = Form {
    up: "{v}{name}.sql",
    down: None,
    head: "",
    head_alone: "",
    down_mark: None,
    block: None,
    between: "",
    beside: None,
};

fn form(place: &Place<'_>) -> Form {
    match place.layout {
        Layout::GolangMigrate | Layout::Pop => PAIR,
        Layout::Plain | Layout::Sqlx if is_paired(place) => Form {
            head_alone: match place.layout {
                Layout::Sqlx => "-- no-transaction\n",
                _ => "",
            },
            ..PAIR
        },
        Layout::Sqlx => Form {
            head_alone: "-- no-transaction\n",
            ..PLAIN
        },
        Layout::Goose => Form {
            head: "-- +goose Up\n",
            head_alone: "-- +goose NO TRANSACTION\n-- +goose Up\n",
            down_mark: Some("-- +goose Down\n"),
            block: Some(("-- +goose StatementBegin\n", "-- +goose StatementEnd\n")),
            ..PLAIN
        },
        Layout::Dbmate => Form {
            head: "-- migrate:up\n",
            head_alone: "-- migrate:up transaction:false\n",
            down_mark: Some("-- migrate:down\n"),
            ..PLAIN
        },
        Layout::SqlMigrate => Form {
            head: "-- +migrate Up\n",
            head_alone: "-- +migrate Up notransaction\n",
            down_mark: Some("-- +migrate Down\n"),
            block: Some(("-- +migrate StatementBegin\n", "-- +migrate StatementEnd\n")),
            ..PLAIN
        },
        Layout::Tern => Form {
            head_alone: "---- tern: disable-tx ----\n",
            down_mark: Some("---- create above / drop below ----\n"),
            ..PLAIN
        },
        Layout::NodePgMigrate => Form {
            head: "-- Up Migration\n",
            down_mark: Some("-- Down Migration\n"),
            ..PLAIN
        },
        Layout::Diesel => Form {
            up: "{v}{name}/up.sql",
            down: Some("{v}{name}/down.sql"),
            beside: Some(("{v}{name}/metadata.toml", "run_in_transaction = false\n")),
            ..PLAIN
        },
        Layout::Hasura => Form {
            up: "{v}{name}/up.sql",
            down: Some("{v}{name}/down.sql"),
            ..PLAIN
        },
        Layout::Refinery => Form {
            up: "V{v}_{name}.sql",
            ..PLAIN
        },
        Layout::Flyway => Form {
            up: "V{v}_{name}.sql",
            down: Some("U{v}_{name}.sql"),
            beside: Some(("V{v}_{name}.sql.conf", "executeInTransaction=false\n")),
            ..PLAIN
        },
        Layout::Liquibase => Form {
            head: "--liquibase formatted sql\n\n--changeset bowline:{name} splitStatements:false\n",
            head_alone: "--liquibase formatted sql\n\n--changeset bowline:{name} runInTransaction:false splitStatements:false\n",
            ..PLAIN
        },
        Layout::Atlas => Form {
            head_alone: "-- atlas:txmode none\n\n",
            ..PLAIN
        },
        Layout::Sqitch => Form {
            up: "deploy/{name}.sql",
            down: Some("revert/{name}.sql"),
            ..PLAIN
        },
        Layout::GraphileMigrate => Form {
            up: "current.sql",
            head_alone: "--! no-transaction\n",
            ..PLAIN
        },
        Layout::Prisma => FOLDER,
        Layout::Drizzle => Form {
            between: "--> statement-breakpoint\n",
            ..if place.path.ends_with("/migration.sql") {
                FOLDER
            } else {
                PLAIN
            }
        },
        _ => PLAIN,
    }
}

const PAIR: Form = Form {
    up: "{v}{name}.up.sql",
    down: Some("{v}{name}.down.sql"),
    ..PLAIN
};

const FOLDER: Form = Form {
    up: "{v}{name}/migration.sql",
    ..PLAIN
};

/// Can the tool run no file at all outside a transaction?
pub fn is_always_in_transaction(layout: Layout) -> bool {
    matches!(
        layout,
        Layout::Pop | Layout::Hasura | Layout::Refinery | Layout::NodePgMigrate | Layout::Drizzle
    )
}

fn is_paired(place: &Place<'_>) -> bool {
    place.path.ends_with(".up.sql")
}

/// Puts scripts into files, with the versions that come next.
pub fn shown(steps: Vec<Step>, place: &Place<'_>) -> Vec<Shown> {
    let form = form(place);
    let mut version = last_version(place);
    steps
        .into_iter()
        .map(|step| match step {
            Step::Words(words) => Shown::Words(words),
            Step::Migration(script) => {
                version = next(&version);
                Shown::Files(files(&script, &version, &form, place))
            }
        })
        .collect()
}

fn files(script: &Script, version: &str, form: &Form, place: &Place<'_>) -> Vec<MigrationFile> {
    let named = |pattern: &str| {
        let divided = match version.is_empty() {
            true => String::new(),
            false => format!("{version}_"),
        };
        let name = pattern
            .replace("{v}", &divided)
            .replace("{name}", &script.name);
        format!("{}{name}", folder(place, form))
    };
    let mut up = match script.alone {
        true if form.head_alone.is_empty() => form.head,
        true => form.head_alone,
        false => form.head,
    }
    .replace("{name}", &script.name);
    up.push_str(&format!("-- bowline: phase {}\n", script.phase.name()));
    if script.alone && is_always_in_transaction(place.layout) {
        let tool = place.layout.name();
        up = format!(
            "-- Run this with psql as a step of the deployment: {tool} cannot run it outside a transaction.\n"
        );
    }
    up.push_str(&body(&script.up, script.alone, form, place));
    let down = match has_downs(place) {
        true if !script.down.is_empty() => body(&script.down, script.alone, form, place),
        _ => String::new(),
    };
    let aside = script.alone && is_always_in_transaction(place.layout);
    if !down.is_empty() && place.layout == Layout::Liquibase {
        for line in down.lines().filter(|line| !line.is_empty()) {
            up.push_str(&format!("--rollback {line}\n"));
        }
    } else if let (Some(mark), false, false) = (form.down_mark, down.is_empty(), aside) {
        up.push_str(&format!("\n{mark}{down}"));
    }
    let path = match aside {
        true => format!("{}{}.psql", folder(place, form), script.name),
        false => named(form.up),
    };
    let mut files = vec![MigrationFile { path, text: up }];
    if let (Some(pattern), false, false) = (form.down, down.is_empty(), aside) {
        files.push(MigrationFile {
            path: named(pattern),
            text: down,
        });
    }
    if let (Some((pattern, text)), true) = (form.beside, script.alone) {
        files.push(MigrationFile {
            path: named(pattern),
            text: text.into(),
        });
    }
    files
}

/// The statements as the tool wants them, behind what limits their waiting.
fn body(text: &str, alone: bool, form: &Form, place: &Place<'_>) -> String {
    let of_the_file =
        |line: &&str| line.starts_with("-- bowline:") && !line.starts_with("-- bowline: ignore");
    let head = text.lines().take_while(of_the_file);
    let head: usize = head.map(|line| line.len() + 1).sum();
    let (directives, rest) = text.split_at(head);
    let mut statements = rest.to_owned();
    if !alone {
        statements = format!("SET LOCAL lock_timeout = '2s';\n{rest}");
    }
    if form.block.is_some() || !form.between.is_empty() {
        statements = marked(&statements, form);
    }
    if !alone && opens_its_own(place) {
        statements = format!("BEGIN;\n{statements}COMMIT;\n");
    }
    format!("{directives}{statements}")
}

/// Nobody is known to open a transaction around the file.
fn opens_its_own(place: &Place<'_>) -> bool {
    place.transaction == Transaction::None
}

/// Marks around statements with semicolons in them, and between statements.
fn marked(text: &str, form: &Form) -> String {
    let whole = Span::new(0, text.len() as u32);
    let statements = split(text, whole, SplitOptions::default()).statements;
    let mut out = String::new();
    let mut done = 0;
    for (at, statement) in statements.iter().enumerate() {
        let (start, end) = (statement.span.start as usize, statement.span.end as usize);
        let line_end = text[end..].find('\n').map_or(text.len(), |n| end + n + 1);
        out.push_str(&text[done..start]);
        let inside = &text[start..line_end];
        match form.block {
            Some((begin, finish)) if text[start..end].contains(';') => {
                out.push_str(&format!("{begin}{inside}{finish}"));
            }
            _ => out.push_str(inside),
        }
        if at + 1 < statements.len() {
            out.push_str(form.between);
        }
        done = line_end;
    }
    out.push_str(&text[done..]);
    out
}

fn has_downs(place: &Place<'_>) -> bool {
    let with_down = |m: &Migration| matches!(m.down, Down::Parts(_));
    place.history.migrations.iter().any(with_down)
}

/// The folder that new files belong into, with a slash behind it.
fn folder(place: &Place<'_>, form: &Form) -> String {
    let own = place.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folder = match form.up.contains('/') {
        true => &place.history.root,
        false => own,
    };
    match folder.is_empty() || folder == "." {
        true => String::new(),
        false => format!("{folder}/"),
    }
}

/// The version that the history ends with; empty where there are none.
fn last_version(place: &Place<'_>) -> String {
    let counted = |m: &&Migration| !m.repeatable && !number(&m.version).is_empty();
    let last = place.history.migrations.iter().rev().find(counted);
    let last = last.unwrap_or(place.after);
    number(&last.version).to_owned()
}

/// What a version begins with: digits, and what divides them.
fn number(version: &str) -> &str {
    let end = version
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-')))
        .unwrap_or(version.len());
    version[..end].trim_end_matches(['.', '-'])
}

/// The next version, in the same form: one second later where it is a time.
fn next(version: &str) -> String {
    let digits: Vec<u64> = version
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|b| u64::from(b - b'0'))
        .collect();
    if digits.is_empty() {
        return String::new();
    }
    let counted = count(&digits);
    let width = digits.len();
    let mut new = format!("{counted:0width$}");
    if new.len() > width && version.bytes().all(|b| b.is_ascii_digit()) {
        return new;
    }
    new = new.split_off(new.len() - width);
    let mut new = new.chars();
    version
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                new.next().unwrap_or(c)
            } else {
                c
            }
        })
        .collect()
}

/// One more; `YYYYMMDDhhmmss` stays a time.
fn count(digits: &[u64]) -> u64 {
    let number = digits
        .iter()
        .fold(0u64, |n, d| n.saturating_mul(10).saturating_add(*d));
    let next = number.saturating_add(1);
    if digits.len() != 14 {
        return next;
    }
    let (day, time) = (next / 1_000_000, next % 1_000_000);
    let seconds = time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100;
    if seconds >= 24 * 3600 {
        return next;
    }
    day * 1_000_000 + seconds / 3600 * 10_000 + seconds / 60 % 60 * 100 + seconds % 60
}

#[cfg(test)]
mod tests {
    use super::{next, number};

    #[test]
    fn versions_go_on_in_their_form() {
        let cases = [
            ("0009", "0010"),
            ("9", "10"),
            ("20240102030459", "20240102030500"),
            ("2024-01-02-030459", "2024-01-02-030500"),
            ("1.9", "2.0"),
            ("1704164645000", "1704164645001"),
            ("", ""),
        ];
        for (version, expected) in cases {
            assert_eq!(next(version), expected);
        }
        assert_eq!(number("00000000000000_diesel_setup"), "00000000000000");
        assert_eq!(number("users"), "");
    }
}
