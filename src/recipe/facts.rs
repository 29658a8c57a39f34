//! What a recipe's template may ask: the names and definitions that a finding
//! is about, as SQL has to write them.

use serde::Serialize;

use super::form::is_always_in_transaction;
use crate::effect::conversion::canonical;
use crate::name::Name;
use crate::operation::{
    Action, Column, Constraint, ConstraintKind, DataType, Expr, ForeignKey, ObjectKind, ObjectName,
};
use crate::rule::{OperationContext, sql_key, sql_list, sql_name, sql_object};
use crate::schema::{Index, Key, Table, TableConstraint, rename_in};

/// A name, plain and as SQL has to write it.
#[derive(Clone, Debug, Serialize)]
pub struct Spelled {
    pub name: String,
    pub sql: String,
}

/// Everything about an operation and what it changes. What is not there is
/// `none` in the template.
#[derive(Debug, Default, Serialize)]
pub struct Facts {
    table: Option<TableFacts>,
    column: Option<ColumnFacts>,
    /// The new name, or that of the column that takes the place of one.
    to: Option<Spelled>,
    /// The new type.
    r#type: Option<String>,
    /// What a value becomes, of the old column and of that of a trigger's row.
    converted: Option<Converted>,
    /// What the rows that are there get, where something says so.
    fill: Option<String>,
    /// The tool, where it runs everything in a transaction.
    transactional_tool: Option<&'static str>,
    object: Option<ObjectFacts>,
    r#enum: Option<EnumFacts>,
}

#[derive(Debug, Serialize)]
struct TableFacts {
    name: String,
    sql: String,
    /// The schema with a dot behind it, where the migration names one.
    prefix: String,
    /// The columns of the primary key.
    key: Vec<String>,
    partitioned: bool,
    /// All of it is known.
    known: bool,
    views: Vec<String>,
    referenced_by: Vec<Reference>,
}

#[derive(Debug, Serialize)]
struct Reference {
    table: String,
    constraint: String,
}

#[derive(Debug, Serialize)]
struct ColumnFacts {
    name: String,
    sql: String,
    r#type: Option<String>,
    /// What makes its values comparable: nothing, or `::text`.
    cast: &'static str,
    not_null: bool,
    default: Option<String>,
    /// Its values come from a sequence of its own.
    numbered: bool,
    generated: bool,
    in_primary_key: bool,
    referenced: bool,
    partition_key: bool,
    views: Vec<String>,
    /// Constraints and indexes that a column in its place has to have too.
    indexes: Vec<IndexFacts>,
    constraints: Vec<ConstraintFacts>,
    /// Constraints that have no such copy.
    others: Vec<String>,
}

#[derive(Debug, Serialize)]
struct IndexFacts {
    sql: String,
    /// The name that the copy has until it takes the place of the first.
    copy: String,
    /// What stands behind `CREATE` and the kind of index.
    definition: String,
    unique: bool,
    /// A constraint stands on it.
    constraint: bool,
}

#[derive(Debug, Serialize)]
struct ConstraintFacts {
    sql: String,
    copy: String,
    definition: String,
}

#[derive(Debug, Serialize)]
struct Converted {
    column: String,
    row: String,
}

#[derive(Debug, Serialize)]
struct ObjectFacts {
    name: String,
    sql: String,
    word: &'static str,
    statement: String,
}

#[derive(Debug, Serialize)]
struct EnumFacts {
    name: String,
    sql: String,
    from: String,
    to: String,
    columns: Vec<EnumColumn>,
}

#[derive(Debug, Serialize)]
struct EnumColumn {
    table: TableFacts,
    column: Spelled,
    /// Its default is the value that gets another name.
    default: bool,
}

impl Facts {
    /// # Errors
    /// The operation is of a kind about which no template asks.
    pub fn of(cx: &OperationContext<'_>) -> Result<Self, String> {
        let mut facts = match &cx.operation.action {
            Action::RenameColumn { table, column, to } => {
                let to = name(&to.name);
                Facts {
                    column: column_facts(cx, &table.name, &column.name, &to.name),
                    table: Some(table_facts(cx, &table.name)),
                    to: Some(to),
                    ..Facts::default()
                }
            }
            Action::AlterColumnType {
                table,
                column,
                ty,
                using,
                ..
            } => {
                let to = name(&made_up(&[column.name.to_string(), "new".to_owned()]));
                Facts {
                    column: column_facts(cx, &table.name, &column.name, &to.name),
                    table: Some(table_facts(cx, &table.name)),
                    r#type: Some(type_sql(ty)),
                    converted: Some(converted(&column.name, using.as_ref())),
                    to: Some(to),
                    ..Facts::default()
                }
            }
            Action::DropColumn { table, column, .. } | Action::SetNotNull { table, column } => {
                Facts {
                    column: column_facts(cx, &table.name, &column.name, ""),
                    table: Some(table_facts(cx, &table.name)),
                    fill: fill(cx, &table.name, &column.name),
                    ..Facts::default()
                }
            }
            Action::AddColumn {
                table,
                column,
                constraints,
                ..
            } => Facts {
                column: Some(new_column(&table.name, column, constraints)),
                table: Some(table_facts(cx, &table.name)),
                fill: fill(cx, &table.name, &column.name)
                    .or_else(|| column.default.as_ref().map(|d| d.text.to_string())),
                ..Facts::default()
            },
            Action::Rename {
                kind,
                name: old,
                to,
                ..
            } => Facts {
                table: Some(table_facts(cx, old)),
                to: Some(name(&to.name)),
                object: Some(object(cx, *kind, old)),
                ..Facts::default()
            },
            Action::Drop { kind, name, .. } => Facts {
                table: Some(table_facts(cx, name)),
                object: Some(object(cx, *kind, name)),
                ..Facts::default()
            },
            Action::RenameEnumValue { name, from, to } => Facts {
                r#enum: Some(enum_facts(cx, name, from, to)),
                ..Facts::default()
            },
            _ => return Err("no recipe for this form of the statement".into()),
        };
        let tool = cx.scene.layout;
        facts.transactional_tool = is_always_in_transaction(tool).then(|| tool.name());
        Ok(facts)
    }
}

/// A name that the recipe makes up: the parts joined by `_`, no longer than the
/// server takes.
pub fn made_up(parts: &[String]) -> String {
    const LONGEST: usize = 63;
    let mut parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    while parts.iter().map(|part| part.len() + 1).sum::<usize>() > LONGEST + 1 {
        let Some(longest) = parts.iter_mut().max_by_key(|part| part.len()) else {
            break;
        };
        let mut end = longest.len() - 1;
        while !longest.is_char_boundary(end) {
            end -= 1;
        }
        *longest = &longest[..end];
    }
    parts.join("_")
}

fn name(name: &str) -> Spelled {
    Spelled {
        name: name.to_owned(),
        sql: sql_name(name).to_string(),
    }
}

fn table_facts(cx: &OperationContext<'_>, name: &ObjectName) -> TableFacts {
    let key = cx.schema.resolve(name);
    let table = cx.schema.table_by_key(&key);
    let primary = table.and_then(|t| t.primary_key());
    let prefix = name.schema.as_ref().map(|s| format!("{}.", sql_name(s)));
    TableFacts {
        name: name.name.to_string(),
        sql: sql_object(name),
        prefix: prefix.unwrap_or_default(),
        key: primary.map_or_else(Vec::new, |key| quoted(&key.columns)),
        partitioned: table.is_some_and(|t| t.is_partitioned()),
        known: table.is_some_and(|t| t.is_known()),
        views: table.map_or_else(Vec::new, |t| t.views.iter().map(sql_key).collect()),
        referenced_by: references(cx, &key),
    }
}

/// The foreign keys of other tables that refer to this one.
fn references(cx: &OperationContext<'_>, key: &Key) -> Vec<Reference> {
    let Some(table) = cx.schema.table_by_key(key) else {
        return Vec::new();
    };
    let others = table.referenced_by.iter().filter(|other| *other != key);
    others
        .filter_map(|other| cx.schema.table_by_key(other))
        .flat_map(|other| {
            let keys = other.constraints.iter();
            keys.filter(|c| c.references.as_ref() == Some(key))
                .map(|c| Reference {
                    table: sql_key(&other.key),
                    constraint: sql_name(&c.name).to_string(),
                })
        })
        .collect()
}

fn column_facts(
    cx: &OperationContext<'_>,
    table: &ObjectName,
    column: &Name,
    to: &str,
) -> Option<ColumnFacts> {
    let key = cx.schema.resolve(table);
    let known = cx.schema.table_by_key(&key)?;
    let own = known.column(column)?;
    let views = known.views.iter().filter(|view| {
        let view = cx.schema.view_by_key(view);
        view.is_some_and(|view| view.reads_column(&key, column))
    });
    let mentions = |c: &&std::sync::Arc<TableConstraint>| c.columns.contains(column);
    let primary = known.primary_key();
    let swap = Swap { from: column, to };
    let copied = |c: &&std::sync::Arc<TableConstraint>| swap.constraint(c).is_some();
    let constraints = known.constraints.iter().filter(mentions);
    let on_index = |key: &Key| {
        let constraints = &known.constraints;
        constraints.iter().find(|c| c.index.as_ref() == Some(key))
    };
    Some(ColumnFacts {
        name: column.to_string(),
        sql: sql_name(column).to_string(),
        r#type: (own.ty.name != "unknown").then(|| type_sql(&own.ty)),
        cast: cast(&own.ty),
        not_null: own.not_null,
        default: own.default.as_ref().map(|d| d.text.to_string()),
        numbered: own.identity.is_some()
            || own
                .default
                .as_ref()
                .is_some_and(|d| d.text.starts_with("nextval(")),
        generated: own.generated.is_some(),
        in_primary_key: primary.is_some_and(|key| key.columns.contains(column)),
        referenced: is_referenced(cx, known, column),
        partition_key: known
            .partition_by
            .as_ref()
            .is_some_and(|by| by.columns.contains(column)),
        views: views.map(sql_key).collect(),
        indexes: known
            .indexes
            .iter()
            .filter(|key| cx.schema.index_mentions(key, column))
            .filter_map(|key| cx.schema.index_by_key(key))
            .filter(|index| {
                // Exclusion constraints cannot adopt an index.
                on_index(&index.key)
                    .is_none_or(|c| matches!(c.definition.kind, ConstraintKind::Unique(_)))
            })
            .map(|index| swap.index(index, table, on_index(&index.key).is_some()))
            .collect(),
        constraints: constraints
            .clone()
            .filter_map(|c| {
                Some(ConstraintFacts {
                    sql: sql_name(&c.name).to_string(),
                    copy: swap.copy(&c.name),
                    definition: swap.constraint(c)?,
                })
            })
            .collect(),
        others: constraints
            .filter(|c| {
                !copied(c)
                    && !matches!(
                        c.definition.kind,
                        ConstraintKind::Unique(_) | ConstraintKind::NotNull(_)
                    )
            })
            .map(|c| sql_name(&c.name).to_string())
            .collect(),
    })
}

/// A column that is about to be added.
fn new_column(table: &ObjectName, column: &Column, constraints: &[Constraint]) -> ColumnFacts {
    let swap = Swap {
        from: &column.name,
        to: &column.name,
    };
    let label = |c: &Constraint| match &c.kind {
        ConstraintKind::ForeignKey(_) => "fkey",
        ConstraintKind::Unique(_) => "key",
        _ => "check",
    };
    let named = |c: &Constraint| match &c.name {
        Some(name) => sql_name(&name.name).to_string(),
        None => {
            let parts = [&table.name, &column.name].map(ToString::to_string);
            let name = made_up(&[&parts[..], &[label(c).to_owned()]].concat());
            sql_name(&name).to_string()
        }
    };
    let columns = [column.name];
    let copies = constraints.iter().filter_map(|c| {
        Some(ConstraintFacts {
            sql: named(c),
            copy: named(c),
            definition: swap.definition(c, &columns)?,
        })
    });
    let others = constraints
        .iter()
        .filter(|c| swap.definition(c, &columns).is_none());
    ColumnFacts {
        name: column.name.to_string(),
        sql: sql_name(&column.name).to_string(),
        r#type: Some(type_sql(&column.ty)),
        cast: cast(&column.ty),
        not_null: column.not_null,
        default: column.default.as_ref().map(|d| d.text.to_string()),
        numbered: column.identity.is_some() || column.ty.is_serial(),
        generated: column.generated.is_some(),
        in_primary_key: constraints
            .iter()
            .any(|c| matches!(c.kind, ConstraintKind::PrimaryKey(_))),
        referenced: false,
        partition_key: false,
        views: Vec::new(),
        indexes: Vec::new(),
        constraints: copies.collect(),
        others: others.map(named).collect(),
    }
}

/// Does a foreign key refer to the column?
fn is_referenced(cx: &OperationContext<'_>, table: &Table, column: &Name) -> bool {
    let others = table.referenced_by.iter();
    others
        .filter_map(|other| cx.schema.table_by_key(other))
        .flat_map(|other| &other.constraints)
        .any(|c| c.references.as_ref() == Some(&table.key) && c.referenced.contains(column))
}

/// Definitions in which one column stands for another.
struct Swap<'a> {
    from: &'a Name,
    to: &'a str,
}

impl Swap<'_> {
    /// The name of what takes the place of something.
    fn copy(&self, name: &str) -> String {
        sql_name(&made_up(&[name.to_owned(), "new".to_owned()])).to_string()
    }

    fn columns(&self, columns: &[Name]) -> String {
        sql_list(columns.iter().map(|column| match column == self.from {
            true => self.to,
            false => column,
        }))
    }

    fn expr(&self, expr: &Expr) -> String {
        let to = sql_name(self.to);
        let renamed = rename_in(expr, self.from, &to);
        renamed.map_or_else(|| expr.text.to_string(), |e| e.text.to_string())
    }

    fn index(&self, index: &Index, table: &ObjectName, constraint: bool) -> IndexFacts {
        let mut exprs = index.exprs.iter();
        let elements: Vec<String> = index
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let options = index.options.get(at).map_or("", |o| o.as_str());
                let element = match column.is_empty() {
                    true => exprs
                        .next()
                        .map_or(String::new(), |e| format!("({})", self.expr(e))),
                    false => self.columns(std::slice::from_ref(column)),
                };
                format!("{element} {options}").trim_end().to_owned()
            })
            .collect();
        let copy = self.copy(&index.key.name);
        let mut definition = format!(
            "{copy} ON {} USING {} ({})",
            sql_object(table),
            index.method,
            elements.join(", ")
        );
        if !index.include.is_empty() {
            definition.push_str(&format!(" INCLUDE ({})", self.columns(&index.include)));
        }
        if index.nulls_not_distinct {
            definition.push_str(" NULLS NOT DISTINCT");
        }
        if let Some(predicate) = &index.predicate {
            definition.push_str(&format!(" WHERE {}", self.expr(predicate)));
        }
        IndexFacts {
            sql: sql_name(&index.key.name).to_string(),
            copy,
            definition,
            unique: index.unique,
            constraint,
        }
    }

    fn constraint(&self, constraint: &TableConstraint) -> Option<String> {
        self.definition(&constraint.definition, &constraint.columns)
    }

    /// A constraint that can be added `NOT VALID`.
    fn definition(&self, constraint: &Constraint, columns: &[Name]) -> Option<String> {
        match &constraint.kind {
            ConstraintKind::Check(check) => {
                let inherit = if constraint.no_inherit {
                    " NO INHERIT"
                } else {
                    ""
                };
                Some(format!("CHECK ({}){inherit}", self.expr(check)))
            }
            ConstraintKind::ForeignKey(key) => {
                let deferrable = if constraint.deferrable {
                    " DEFERRABLE"
                } else {
                    ""
                };
                Some(format!("{}{deferrable}", self.foreign_key(key, columns)))
            }
            _ => None,
        }
    }

    fn foreign_key(&self, key: &ForeignKey, columns: &[Name]) -> String {
        let mut text = format!(
            "FOREIGN KEY ({}) REFERENCES {}",
            self.columns(columns),
            sql_object(&key.references)
        );
        if !key.referenced.is_empty() {
            text.push_str(&format!(
                " ({})",
                sql_list(key.referenced.iter().map(|c| &**c))
            ));
        }
        for (event, action) in [("DELETE", &key.on_delete), ("UPDATE", &key.on_update)] {
            if let Some(action) = action {
                text.push_str(&format!(" ON {event} {}", action.to_ascii_uppercase()));
            }
        }
        text
    }
}

fn converted(column: &Name, using: Option<&Expr>) -> Converted {
    let own = sql_name(column);
    let row = format!("NEW.{own}");
    let in_row = using.and_then(|expr| rename_in(expr, column, &row));
    Converted {
        column: using.map_or_else(|| own.to_string(), |expr| expr.text.to_string()),
        row: match (in_row, using) {
            (Some(expr), _) => expr.text.to_string(),
            (None, Some(expr)) => expr.text.to_string(),
            (None, None) => row,
        },
    }
}

/// What the same script writes into every row of a column, or its default.
fn fill(cx: &OperationContext<'_>, table: &ObjectName, column: &Name) -> Option<String> {
    let written = cx.scene.script.iter().find_map(|op| match &op.action {
        Action::Update(update)
            if update.from.is_none()
                && cx.schema.resolve(&update.table) == cx.schema.resolve(table)
                && matches!(&update.columns[..], [only] if only.name == *column) =>
        {
            let (_, value) = update.assignments.text.split_once('=')?;
            Some(value.trim().to_owned())
        }
        _ => None,
    });
    let default = || {
        let own = cx.schema.table(table)?.column(column)?;
        own.default.as_ref().map(|d| d.text.to_string())
    };
    written.or_else(default)
}

fn object(cx: &OperationContext<'_>, kind: ObjectKind, name: &ObjectName) -> ObjectFacts {
    ObjectFacts {
        name: name.name.to_string(),
        sql: sql_object(name),
        word: kind.word(),
        statement: cx.statement_text().trim_end_matches(';').trim().to_owned(),
    }
}

fn enum_facts(cx: &OperationContext<'_>, name: &ObjectName, from: &str, to: &str) -> EnumFacts {
    let resolved = cx.schema.resolve_type(&name.name);
    let is_it = |ty: &DataType| cx.schema.type_key(ty) == resolved && ty.array == 0;
    let mut columns = Vec::new();
    for table in cx.schema.tables().filter(|t| t.partition.is_none()) {
        for column in table.columns.iter().filter(|column| is_it(&column.ty)) {
            let quoted = format!("'{}'", from.replace('\'', "''"));
            let by_default = |d: &Expr| d.text.starts_with(&quoted);
            columns.push(EnumColumn {
                table: table_facts(cx, &object_name(&table.key)),
                column: self::name(&column.name),
                default: column.default.as_ref().is_some_and(by_default),
            });
        }
    }
    columns.sort_by(|a, b| (&a.table.sql, &a.column.sql).cmp(&(&b.table.sql, &b.column.sql)));
    EnumFacts {
        name: name.name.to_string(),
        sql: sql_object(name),
        from: from.to_owned(),
        to: to.to_owned(),
        columns,
    }
}

/// A relation's name as a migration would have written it.
fn object_name(key: &Key) -> ObjectName {
    ObjectName {
        schema: (key.schema != "public").then_some(key.schema),
        name: key.name,
        span: Default::default(),
        name_span: Default::default(),
        template: false,
    }
}

fn quoted(names: &[Name]) -> Vec<String> {
    names
        .iter()
        .map(|name| sql_name(name).to_string())
        .collect()
}

/// A type as SQL has to write it: a name of one's own may need quotes.
fn type_sql(ty: &DataType) -> String {
    if ty.is_serial() {
        return canonical(ty).to_owned();
    }
    let is_plain = |name: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_ ".contains(&b);
        name.bytes().all(plain)
    };
    let mut ty = ty.clone();
    if !is_plain(&ty.name) {
        ty.name = Name::new(sql_name(&ty.name));
    }
    ty.schema = ty.schema.map(|schema| Name::new(sql_name(&schema)));
    ty.to_string()
}

/// Some types have no `=`.
fn cast(ty: &DataType) -> &'static str {
    const INCOMPARABLE: &[&str] = &[
        "json", "xml", "point", "line", "polygon", "path", "lseg", "box",
    ];
    match INCOMPARABLE.contains(&ty.name.as_str()) {
        true => "::text",
        false => "",
    }
}
