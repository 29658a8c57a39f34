//! Tables in which a tool keeps what has run: their rows are no data.

/// Tables that hold a row per migration, or one in all.
pub fn is_bookkeeping(name: &str) -> bool {
    const TOOLS: &[&str] = &[
        "schema",
        "flyway",
        "alembic",
        "migration",
        "database",
        "db",
        "goose",
    ];
    let name = name.trim_start_matches('_');
    let ends = ["version", "migrations", "history", "changelog"];
    ends.iter().any(|word| name.ends_with(word)) && TOOLS.iter().any(|word| name.starts_with(word))
}
