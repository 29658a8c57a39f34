//! What rules tell about the tool that runs the migrations.

use super::fix::behind_word;
use super::{OpenedBy, OperationContext, Scene, on_one_line};
use crate::project::Layout;
use crate::report::Direction;
use crate::source::Span;

impl Scene<'_> {
    /// How this tool is told to drop something outside a transaction, which waits
    /// for nobody but who uses the table.
    pub fn drop_without_transaction(&self) -> &'static str {
        match self.layout {
            Layout::Flyway => {
                "in a migration of its own; Flyway then runs it without a transaction (or say so in `<file>.sql.conf`: `executeInTransaction=false`)"
            }
            Layout::Supabase => {
                "as the only statement of its file: Supabase sends a file as one batch, which PostgreSQL runs as one transaction"
            }
            _ => self.without_transaction(),
        }
    }

    /// How this tool is told to run a statement outside a transaction: the
    /// end of a sentence.
    pub fn without_transaction(&self) -> &'static str {
        match self.layout {
            Layout::GolangMigrate => {
                "as the only statement of its file: golang-migrate sends a file as one string, which PostgreSQL runs as one transaction; another runner of such files must open none around it"
            }
            Layout::Pop if self.of_popx() => match self.direction {
                Direction::Up => "alone in a file whose name ends in `.autocommit.up.sql`",
                Direction::Down => "alone in a file whose name ends in `.autocommit.down.sql`",
            },
            Layout::Pop => {
                "outside pop, which has no opt-out from its transaction: run it with psql as a step of the deployment"
            }
            Layout::Goose => "in a file of its own with `-- +goose NO TRANSACTION` at the top",
            Layout::Dbmate => match self.direction {
                Direction::Up => "alone behind `-- migrate:up transaction:false`",
                Direction::Down => "alone behind `-- migrate:down transaction:false`",
            },
            Layout::SqlMigrate => match self.direction {
                Direction::Up => "in a file of its own behind `-- +migrate Up notransaction`",
                Direction::Down => "in a file of its own behind `-- +migrate Down notransaction`",
            },
            Layout::Tern => {
                "in a file of its own with `---- tern: disable-tx ----` on a line of its own"
            }
            Layout::Sqlx => match self.direction {
                Direction::Up => "alone in a file that starts with `-- no-transaction` (sqlx 0.8)",
                Direction::Down => {
                    "alone in a file that starts with `-- no-transaction` (sqlx 0.8.3)"
                }
            },
            Layout::Diesel => {
                "alone in a migration whose `metadata.toml` says `run_in_transaction = false`"
            }
            Layout::Hasura => {
                "outside Hasura, which runs each file in a transaction: run it with psql as a step of the deployment"
            }
            Layout::Refinery => {
                "outside refinery, which has no opt-out from its transaction: run it with psql as a step of the deployment"
            }
            Layout::Flyway => {
                "in a migration of its own; Flyway then runs it without a transaction (or say so in `<file>.sql.conf`: `executeInTransaction=false`). From 9.1 on also set `flyway.postgresql.transactional.lock=false`: a concurrent build waits for the lock that Flyway holds otherwise"
            }
            Layout::Liquibase => {
                "in a changeset of its own with `runInTransaction:false` on its line"
            }
            Layout::Atlas => {
                "in a file of its own that begins with `-- atlas:txmode none` and a blank line"
            }
            Layout::Sqitch => "in a change of its own whose script has no `BEGIN` and no `COMMIT`",
            Layout::GraphileMigrate => {
                "alone in a migration whose first line is `--! no-transaction`"
            }
            Layout::NodePgMigrate => {
                "in a JavaScript migration with `pgm.noTransaction()`: SQL files cannot leave the transaction"
            }
            Layout::Prisma => {
                "as the only statement of its migration: Prisma sends the file as one string, which PostgreSQL runs as one transaction"
            }
            Layout::Drizzle => {
                "outside Drizzle, which runs all pending files in one transaction: run it with psql as a step of the deployment"
            }
            Layout::Supabase => {
                "as the only statement of its file: Supabase sends a file as one batch, which PostgreSQL runs as one transaction (its CLI runs most such statements by themselves from 2.109 on)"
            }
            Layout::Alembic => "inside `with op.get_context().autocommit_block():`",
            Layout::Django => "in a migration of its own with `atomic = False`",
            Layout::EfCore => {
                "with `migrationBuilder.Sql(…, suppressTransaction: true)` in a migration of its own"
            }
            Layout::Plain => "in a file of its own that runs outside a transaction",
        }
    }

    /// popx is the pop that knows `.autocommit` in the names of files; the project
    /// has such.
    fn of_popx(&self) -> bool {
        let mut paths = self.sources.iter().map(|source| source.path());
        paths.any(|path| path.contains(".autocommit."))
    }

    /// What runs all that is pending in one transaction, so that the next file
    /// may be of the same one as this.
    pub fn one_for_all_pending(&self) -> Option<&'static str> {
        match self.layout {
            Layout::Drizzle => Some("Drizzle"),
            Layout::NodePgMigrate => Some("node-pg-migrate"),
            _ => None,
        }
    }

    /// How the steps of a remedy come to run in a transaction each: the end of a
    /// sentence.
    pub fn each_apart(&self) -> String {
        match self.one_for_all_pending() {
            None => "in a migration each".to_owned(),
            Some(tool) => format!(
                "in migrations that are deployed one after the other ({tool} runs all pending files in one transaction)"
            ),
        }
    }

    /// Where something may be done whose transaction begins after this one has
    /// ended: the end of a sentence.
    pub fn afterwards(&self) -> String {
        match self.one_for_all_pending() {
            None => "in a later migration".to_owned(),
            Some(tool) => format!(
                "in a migration that is deployed later ({tool} runs all pending files in one transaction)"
            ),
        }
    }
}

impl OperationContext<'_> {
    /// Who opened the transaction that the statement runs in.
    pub fn opener(&self) -> String {
        if self.operation.within.block {
            return "a DO block or routine body is always part of one".into();
        }
        match self.run.opened_by {
            OpenedBy::Runner if self.scene.layout == Layout::Plain => {
                "what runs the files opens one around it".into()
            }
            OpenedBy::Runner => format!("{} opens one around it", self.scene.layout.name()),
            OpenedBy::ImplicitString => {
                "several statements sent as one string are run as one".into()
            }
            OpenedBy::Script | OpenedBy::Nobody => "the script opened one with `BEGIN`".into(),
        }
    }

    /// The statement on one line with `word` behind the first `after`, for a
    /// remedy, in the place of `IF NOT EXISTS`; and where the word would have to
    /// be put. The statement may stand elsewhere, in a routine that is called
    /// here.
    pub fn with_word(&self, after: &str, word: &str) -> (String, Option<Span>) {
        let span = self.operation.clause;
        let text = self.scene.sources[self.source].text();
        let Some(at) = behind_word(text, span, after) else {
            return (format!("… {after} {word} …"), None);
        };
        let (head, tail) = (Span::new(span.start, at.start), Span::new(at.end, span.end));
        let sql = format!("{} {word}{}", head.of(text), tail.of(text));
        (on_one_line(&sql), Some(at))
    }
}

/// For messages: without comments, whitespace drawn together, long text cut. SQL
/// to paste is what [`on_one_line`] makes of it.
pub fn one_line(sql: &str) -> String {
    let bare = on_one_line(sql);
    let mut line = bare.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 200 {
        line = line.chars().take(199).collect();
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn comments_are_no_part_of_a_message() {
        let check = "\n  -- not for old rows\n  a IS NULL /* yet */ OR\n  note <> '-- none'\n";
        assert_eq!(one_line(check), "a IS NULL OR note <> '-- none'");
    }
}
