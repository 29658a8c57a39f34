//! The schema that a history leaves behind, as the server's catalog has it and
//! as bowline has it: a line for each object.

use std::collections::BTreeSet;
use std::path::Path;

use bowline::analysis;
use bowline::dialect::Engine;
use bowline::operation::{self, Action, ConstraintKind, Operation, Statement, TypeDefinition};
use bowline::project::{History, Options, Project, SourceId, discover};
use bowline::schema::{Key, Origin, Relation, Schema, Table};
use bowline::statement::split::{SplitOptions, split};
use postgres::Client;

use crate::measure::{success_text, values};
use crate::server::Server;

/// What was found out about one history.
pub struct Comparison {
    pub root: String,
    pub migrations: usize,
    pub statements: usize,
    /// Statements that the server refused; they count for neither side.
    pub refused: Vec<String>,
    pub objects: usize,
    /// Tables whose columns bowline does not claim to know.
    pub unknown: usize,
    /// `+` has the server alone, `-` bowline alone.
    pub differences: Vec<String>,
}

/// Compares every history at and below a path.
pub fn compare(server: &Server, path: &Path) -> Vec<Comparison> {
    let project = discover(&[path.to_path_buf()], &Options::default());
    let judged = project
        .histories
        .iter()
        .filter(|h| h.engine == Engine::Postgres);
    judged
        .map(|history| compare_history(server, &project, history))
        .collect()
}

const DATABASE: &str = "history";

fn compare_history(server: &Server, project: &Project, history: &History) -> Comparison {
    let mut client = server.connect("postgres");
    for order in [
        format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"),
        format!("CREATE DATABASE {DATABASE}"),
    ] {
        client.simple_query(&order).unwrap();
    }
    let mut schema = Schema::default();
    let mut comparison = Comparison {
        root: history.root.clone(),
        migrations: history.migrations.len(),
        statements: 0,
        refused: Vec::new(),
        objects: 0,
        unknown: 0,
        differences: Vec::new(),
    };
    for (number, migration) in (0u32..).zip(&history.migrations) {
        schema.begin_migration(number, false);
        let mut client = server.connect(DATABASE);
        for part in &migration.up {
            let source = &project.sources[part.source];
            let options = SplitOptions {
                go_lines: part.go_lines,
            };
            let mut tokens = Vec::new();
            for raw in split(source.text(), part.span, options).statements {
                let statement = operation::read(source.text(), &raw, &mut tokens);
                if is_about_the_session(&statement) {
                    continue;
                }
                comparison.statements += 1;
                match client.simple_query(source.slice(raw.span)) {
                    Ok(_) => {
                        let text = source.slice(raw.span);
                        replay(&mut schema, &statement, text, part.source);
                    }
                    Err(error) => {
                        let line = source.position(raw.span.start).line;
                        let why = success_text(&error);
                        let why = format!("{}:{line}: {why}", source.path());
                        comparison.refused.push(why);
                    }
                }
            }
        }
    }
    let mut theirs = of_server(&mut server.connect(DATABASE));
    let ours = of_schema(&schema);
    for table in schema.tables() {
        if table.is_known() || table.origin == Origin::Assumed {
            continue;
        }
        // CREATE TABLE AS, SQL put together at run time: bowline says that it
        // does not know all that the table has.
        comparison.unknown += 1;
        let column = format!("column {}.", table.key);
        let constraint = format!(" on {} ", table.key);
        let index = format!(" on {} ", table.key.name);
        theirs.retain(|line| {
            let of_it = line.starts_with(&column)
                || line.starts_with("constraint ") && line.contains(&constraint)
                || line.starts_with("index ") && line.contains(&index);
            !of_it || ours.contains(line)
        });
    }
    comparison.objects = theirs.len();
    comparison.differences = theirs
        .difference(&ours)
        .map(|line| format!("+ {line}"))
        .chain(ours.difference(&theirs).map(|line| format!("- {line}")))
        .collect();
    comparison
}

/// Does to the schema what a check does: routines are followed where they are
/// called, and what is not read leaves doubts.
fn replay(schema: &mut Schema, statement: &Statement, text: &str, source: SourceId) {
    let called = analysis::called(statement, schema);
    let is_unread = |o: &Operation| analysis::is_unread(&o.action);
    let is_unseen = |o: &Operation| is_unread(o) || analysis::names_at_run_time(&o.action);
    if statement.operations.iter().chain(&called).any(is_unread) {
        schema.lose_sight(text, source);
    }
    if called.iter().any(is_unseen) {
        schema.doubt_named(text);
    }
    for operation in statement.operations.iter().chain(&called) {
        schema.apply(operation, source);
    }
}

/// Each statement is its own transaction here, and nobody feeds a COPY.
fn is_about_the_session(statement: &Statement) -> bool {
    let outside = |action: &Action| matches!(action, Action::Transaction(_) | Action::Copy { .. });
    statement.operations.iter().any(|o| outside(&o.action))
}

/// One query for each kind of line; the last column of a type is its text.
const SERVER: [&str; 7] = [
    "SELECT 'table ' || {name} || CASE c.relkind WHEN 'p' THEN ' partitioned' WHEN 'f' THEN ' foreign' ELSE '' END, ''
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'f') AND {own}",
    "SELECT 'column ' || {name} || '.' || a.attname || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
            || CASE WHEN a.atthasdef AND a.attgenerated = '' AND NOT {is_null} THEN ' default' ELSE '' END
            || CASE WHEN a.attgenerated <> '' THEN ' generated' ELSE '' END
            || CASE WHEN a.attidentity <> '' AND NOT c.relispartition THEN ' identity' ELSE '' END, format_type(a.atttypid, a.atttypmod)
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {own}",
    "SELECT 'constraint ' || k.conname || ' on ' || {name} || ' ' || k.contype::text || CASE WHEN k.convalidated THEN '' ELSE ' not valid' END
            || coalesce(' ' || (SELECT CASE WHEN m.nspname = 'public' THEN '' ELSE m.nspname || '.' END || r.relname
               FROM pg_class r JOIN pg_namespace m ON m.oid = r.relnamespace WHERE r.oid = k.confrelid AND k.contype = 'f'), ''), ''
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND NOT (k.contype = 'f' AND c.relispartition) AND {own}",
    "SELECT 'index ' || {name} || ' on ' || t.relname || CASE WHEN i.indisunique THEN ' unique' ELSE '' END || ' ('
            || (SELECT string_agg(coalesce(a.attname, ''), ',' ORDER BY k.n) FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, n)
                LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0) || ')', ''
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {own}",
    "SELECT CASE c.relkind WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence ' ELSE 'view ' END || {name}, ''
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm', 'S') AND {own}",
    "SELECT 'enum ' || {name} || ' ' || (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = c.oid), ''
     FROM (SELECT oid, typname AS relname, typnamespace, typtype FROM pg_type) c JOIN pg_namespace n ON n.oid = c.typnamespace
     WHERE c.typtype = 'e' AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
    "SELECT 'domain ' || {name} || CASE WHEN d.typnotnull THEN ' not null' ELSE '' END, format_type(d.typbasetype, d.typtypmod)
     FROM (SELECT oid, typname AS relname, typnamespace, typtype FROM pg_type) c JOIN pg_type d ON d.oid = c.oid JOIN pg_namespace n ON n.oid = c.typnamespace
     WHERE c.typtype = 'd' AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
];

/// What an extension made is its own affair.
const OWN: &str = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(toast_)?temp'
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// `DEFAULT NULL` of a type with a length is kept, though it says nothing.
const IS_NULL: &str = "(SELECT pg_get_expr(d.adbin, d.adrelid) ~ '^NULL::' FROM pg_attrdef d
     WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)";

const NAME: &str = "CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname";

fn of_server(client: &mut Client) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for query in SERVER {
        let query = query
            .replace("{own}", OWN)
            .replace("{name}", NAME)
            .replace("{is_null}", IS_NULL);
        for [line, ty] in values(&client.simple_query(&query).unwrap()) {
            lines.insert(match ty.as_str() {
                "" => line,
                ty => format!("{line}: {}", canonical(ty)),
            });
        }
    }
    lines
}

/// A type as bowline names it.
fn canonical(ty: &str) -> String {
    let text = format!("CREATE TABLE t (c {ty})");
    let whole = bowline::source::Span::new(0, text.len() as u32);
    let raw = split(&text, whole, SplitOptions::default()).statements;
    let statement = operation::read(&text, &raw[0], &mut Vec::new());
    match &statement.operations[0].action {
        Action::CreateTable(create) if create.columns.len() == 1 => named(&create.columns[0].ty),
        _ => ty.to_owned(),
    }
}

/// Without the schema: whether that is written depends on the search path.
fn named(ty: &operation::DataType) -> String {
    let mut ty = ty.clone();
    ty.schema = None;
    ty.name = match ty.name.as_str() {
        "serial" => "int".into(),
        "bigserial" => "bigint".into(),
        "smallserial" => "smallint".into(),
        _ => ty.name,
    };
    // Arrays of any dimension are one type.
    ty.array = ty.array.min(1);
    if ty.name == "char" && ty.modifiers[0].is_none() {
        ty.modifiers[0] = Some(1);
    }
    if let (true, [Some(_), scale @ None]) = (ty.name == "numeric", &mut ty.modifiers) {
        *scale = Some(0);
    }
    ty.to_string()
}

fn of_schema(schema: &Schema) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for relation in schema.relations() {
        match relation {
            // A statement with IF EXISTS named it, and nothing created it.
            Relation::Table(table) if table.is_temporary() || table.origin == Origin::Assumed => {}
            Relation::Table(table) => of_table(table, &mut lines),
            Relation::View(view) if view.temporary => {}
            Relation::View(view) => {
                let kind = if view.materialized {
                    "materialized view"
                } else {
                    "view"
                };
                lines.insert(format!("{kind} {}", view.key));
            }
            Relation::Index(index) => {
                if schema
                    .table_by_key(&index.table)
                    .is_some_and(|t| t.is_temporary())
                {
                    continue;
                }
                let unique = if index.unique { " unique" } else { "" };
                let columns = index.columns.join(",");
                let Key { name, .. } = &index.table;
                lines.insert(format!("index {} on {name}{unique} ({columns})", index.key));
            }
            Relation::Sequence(sequence) if sequence.key.schema == "pg_temp" => {}
            Relation::Sequence(sequence) => {
                lines.insert(format!("sequence {}", sequence.key));
            }
        }
    }
    for entry in schema.types() {
        if let TypeDefinition::Enum(values) = &entry.definition {
            lines.insert(format!("enum {} {}", entry.key, values.join(",")));
        }
    }
    for domain in schema.domains() {
        let null = if domain.not_null { " not null" } else { "" };
        lines.insert(format!(
            "domain {}{null}: {}",
            domain.key,
            named(&domain.base)
        ));
    }
    lines
}

fn of_table(table: &Table, lines: &mut BTreeSet<String>) {
    let key = &table.key;
    let kind = match (table.is_partitioned(), table.foreign) {
        (true, _) => " partitioned",
        (_, true) => " foreign",
        _ => "",
    };
    lines.insert(format!("table {key}{kind}"));
    for column in table.columns.iter().filter(|_| table.is_known()) {
        let has = |yes: bool, word: &'static str| if yes { word } else { "" };
        let default = column.default.is_some() || column.ty.is_serial();
        lines.insert(format!(
            "column {key}.{}{}{}{}{}: {}",
            column.name,
            has(column.not_null, " not null"),
            has(default, " default"),
            has(column.generated.is_some(), " generated"),
            // Of partitions only from version 17 on.
            has(
                column.identity.is_some() && table.partition.is_none(),
                " identity"
            ),
            named(&column.ty)
        ));
    }
    for constraint in &table.constraints {
        let is_foreign = matches!(constraint.definition.kind, ConstraintKind::ForeignKey(_));
        if is_foreign && table.partition.is_some() {
            continue;
        }
        let kind = match constraint.definition.kind {
            ConstraintKind::PrimaryKey(_) => "p",
            ConstraintKind::Unique(_) => "u",
            ConstraintKind::Check(_) => "c",
            ConstraintKind::ForeignKey(_) => "f",
            ConstraintKind::Exclude { .. } => "x",
            ConstraintKind::NotNull(_) => continue,
        };
        let valid = if constraint.validated {
            ""
        } else {
            " not valid"
        };
        let references = constraint.references.as_ref();
        let references = references.map_or(String::new(), |key| format!(" {key}"));
        lines.insert(format!(
            "constraint {} on {key} {kind}{valid}{references}",
            constraint.name
        ));
    }
}
