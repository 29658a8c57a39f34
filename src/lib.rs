//! bowline reads SQL migrations and answers three questions about each: what
//! it blocks while it runs, whether the release that runs now survives it, and
//! whether it can be undone.
//!
//! The modules stand in pipeline order; each uses only those above it (a test
//! holds that).

pub mod few;
pub mod name;
pub mod text;
pub mod source;
pub mod dialect;
pub mod statement;
pub mod phase;
pub mod git;
pub mod project;
pub mod operation;
pub mod schema;
pub mod verdict;
pub mod effect;
pub mod inverse;
pub mod finding;
pub mod report;
pub mod fix;
pub mod page;
pub mod rule;
pub mod config;
pub mod suppress;
pub mod baseline;
pub mod rules;
pub mod analysis;
pub mod recipe;
pub mod output;
pub mod lsp;
pub mod cli;
