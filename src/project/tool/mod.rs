//! One file per migration tool, and the table of all of them.

mod alembic;
mod atlas;
pub mod changelog;
mod dbmate;
mod diesel;
pub mod django;
mod drizzle;
mod ef_core;
mod flyway;
mod golang_migrate;
mod goose;
mod graphile_migrate;
mod hasura;
mod liquibase;
pub mod node_pg_migrate;
pub mod plain;
pub mod pop;
mod prisma;
mod refinery;
mod sql_migrate;
mod sqitch;
mod sqlx;
mod supabase;
mod tern;

use rustc_hash::FxHashSet;

use super::folder::{Folder, Tool};
use super::{Down, History, Layout, Named, OptOut, Options, Part, SourceId, engine, sources_of};
use crate::dialect::Engine;
use crate::source::Source;

/// In the order in which they are asked: what declares itself by a file of its
/// own or by a directive comes before what only names its files its way.
const TOOLS: &[Tool] = &[
    alembic::TOOL,
    ef_core::TOOL,
    django::TOOL,
    sqitch::TOOL,
    drizzle::TOOL,
    prisma::TOOL,
    diesel::TOOL,
    hasura::TOOL,
    liquibase::TOOL,
    goose::TOOL,
    dbmate::TOOL,
    sql_migrate::TOOL,
    tern::TOOL,
    graphile_migrate::TOOL,
    node_pg_migrate::TOOL,
    atlas::TOOL,
    supabase::TOOL,
    refinery::TOOL,
    flyway::TOOL,
    sqlx::TOOL,
    pop::TOOL,
    golang_migrate::TOOL,
    plain::TOOL,
];

/// The histories of a folder: its tool's, if its files are migrations, and a
/// plain one of the files that were named and that the tool does not run.
pub fn histories(mut folder: Folder, options: &Options) -> Vec<History> {
    let chosen = options
        .layout
        .and_then(|layout| TOOLS.iter().find(|tool| tool.layout == layout));
    let claims = |tool: &&Tool| (tool.claims)(&folder);
    let Some(tool) = chosen.or_else(|| TOOLS.iter().find(claims)) else {
        return Vec::new();
    };
    let mut histories: Vec<History> = history(tool, &folder, options).into_iter().collect();
    let read: FxHashSet<SourceId> = histories
        .iter()
        .flat_map(|history| history.migrations.iter().flat_map(sources_of))
        .collect();
    folder
        .scripts
        .retain(|script| script.named == Named::File && !read.contains(&script.id));
    if !folder.scripts.is_empty() {
        histories.extend(history(&plain::TOOL, &folder, options));
    }
    histories
}

fn history(tool: &Tool, folder: &Folder, options: &Options) -> Option<History> {
    let migrations = (tool.read)(folder);
    if migrations.is_empty() {
        return None;
    }
    let engine = (tool.engine)(folder)
        .or(folder.engine)
        .or(options.engine.map(|dialect| dialect.engine))
        .unwrap_or_else(|| engine::of_content(&folder.scripts));
    let mut history = History {
        layout: tool.layout,
        engine,
        engine_is_named: folder.engine_is_named,
        dialect: None,
        root: folder.root.clone(),
        migrations,
    };
    if engine == Engine::Mssql || tool.layout == Layout::EfCore {
        read_go_lines(&mut history);
    }
    Some(history)
}

fn read_go_lines(history: &mut History) {
    for migration in &mut history.migrations {
        for part in &mut migration.up {
            part.go_lines = true;
        }
        if let Down::Parts(parts) = &mut migration.down {
            for part in parts {
                part.go_lines = true;
            }
        }
    }
}

/// How a part of a file is taken out of its tool's transaction by an edit of
/// that file; `None` where there is no such edit.
pub fn opt_out(layout: Layout, source: &Source, part: &Part) -> Option<OptOut> {
    let tool = TOOLS.iter().find(|tool| tool.layout == layout)?;
    (tool.opt_out)(source, part)
}

/// For tools that always open a transaction or never do, and for those that are
/// told elsewhere.
fn no_opt_out(_: &Source, _: &Part) -> Option<OptOut> {
    None
}

/// For tools that serve several engines and do not say which in their files.
fn unknown(_: &Folder) -> Option<Engine> {
    None
}

/// For tools that serve PostgreSQL alone.
fn postgres(_: &Folder) -> Option<Engine> {
    Some(Engine::Postgres)
}

/// The engine that the scheme of a connection URL names.
fn of_url(text: &str) -> Option<Engine> {
    let at = text.find("://").or_else(|| text.find("jdbc:"))?;
    let before = &text[..at];
    let scheme = match text[at..].strip_prefix("jdbc:") {
        Some(rest) => rest.split(':').next(),
        None => before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next(),
    };
    Engine::from_word(scheme?)
}
