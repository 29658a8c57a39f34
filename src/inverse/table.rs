//! Tables, with what lives and dies with them.

use super::draft::{Draft, Phase};
use super::sql::{sql_key, sql_name, sql_names};
use super::{column, constraint};
use crate::operation::Persistence;
use crate::schema::{Key, Mark, Origin, Policy, Relation, Rule, Table, Trigger};
use crate::statement::lexer::same_tokens;

/// Brings back all tables that changed.
pub fn restore(draft: &mut Draft<'_>, mark: Mark) {
    let changes = draft.now.relations_changed_since(mark);
    // A parent stands before its partitions in the order of their creation,
    // and a partition is found from it: parents first.
    let mut gone: Vec<&Table> = Vec::new();
    let mut drops: Vec<String> = Vec::new();
    for change in &changes {
        match (change.before, change.after) {
            // It was there before, and nothing is known of it.
            (None, Some(Relation::Table(table))) if table.origin == Origin::Assumed => {
                change_back(draft, &Table::assumed(table.key), table);
            }
            (None, Some(Relation::Table(table))) => {
                let kind = if table.foreign {
                    "FOREIGN TABLE"
                } else {
                    "TABLE"
                };
                drops.push(format!("DROP {kind} {}", sql_key(&table.key)));
            }
            (Some(Relation::Table(before)), Some(Relation::Table(after))) => {
                change_back(draft, before, after);
            }
            (Some(Relation::Table(table)), None) => gone.push(table),
            _ => {}
        }
    }
    // One that came later may refer to one before.
    for drop in drops.into_iter().rev() {
        draft.push(Phase::DropTable, drop);
    }
    for table in in_order(gone) {
        let is_told = table.columns_known || table.made_by.is_some();
        if table.origin == Origin::Assumed || !is_told {
            draft.misses(format!(
                "not all of `{}` is known: no migration here shows how it was made",
                table.key
            ));
            continue;
        }
        create(draft, table);
    }
}

/// Parents before those that inherit from them.
fn in_order(mut tables: Vec<&Table>) -> Vec<&Table> {
    tables.sort_by_key(|a| a.key);
    let mut order: Vec<&Table> = Vec::new();
    while !tables.is_empty() {
        let waits = |table: &Table, rest: &[&Table]| {
            let of = table.partition.as_ref().map(|p| &p.of);
            let mut parents = table.inherits.iter().chain(of);
            parents.any(|parent| rest.iter().any(|other| other.key == *parent))
        };
        let next = tables.iter().position(|t| !waits(t, &tables)).unwrap_or(0);
        order.push(tables.remove(next));
    }
    order
}

fn create(draft: &mut Draft<'_>, table: &Table) {
    let name = sql_key(&table.key);
    let persistence = match table.persistence {
        Persistence::Permanent => "",
        Persistence::Temporary => "TEMPORARY ",
        Persistence::Unlogged => "UNLOGGED ",
    };
    let foreign = if table.foreign { "FOREIGN " } else { "" };
    let mut statement = format!("CREATE {persistence}{foreign}TABLE {name}");
    let elements = elements(draft, table);
    if let Some(partition) = &table.partition {
        let values = match partition.bound.default {
            true => "DEFAULT".to_owned(),
            false => format!("FOR VALUES {}", partition.bound.text),
        };
        statement.push_str(&format!(" PARTITION OF {}", sql_key(&partition.of)));
        if !elements.is_empty() {
            statement.push_str(&format!(" ({})", elements.join(", ")));
        }
        statement.push_str(&format!(" {values}"));
    } else if !table.columns_known || elements.is_empty() {
        statement.push_str(if table.columns_known { " ()" } else { "" });
    } else {
        statement.push_str(&format!(" (\n    {}\n)", elements.join(",\n    ")));
    }
    if !table.inherits.is_empty() {
        let parents: Vec<String> = table.inherits.iter().map(sql_key).collect();
        statement.push_str(&format!(" INHERITS ({})", parents.join(", ")));
    }
    if let Some(by) = &table.partition_by {
        let strategy = by.strategy.to_uppercase();
        statement.push_str(&format!(
            " PARTITION BY {strategy} ({})",
            by.definition.text
        ));
    }
    if !table.options.is_empty() {
        statement.push_str(&format!(" {}", table.options));
    }
    if let Some(query) = table.made_by.as_ref().filter(|_| !table.columns_known) {
        statement.push_str(&format!(" AS {query}"));
    }
    draft.push(Phase::CreateTable, statement);
    draft.loses(format!("the rows of `{}`", table.key));
    parts(draft, table);
    for old in constraint::of_later(draft, table) {
        constraint::add(draft, &table.key, old);
    }
    if table.row_security {
        draft.push(
            Phase::CreateDependent,
            format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"),
        );
    }
}

/// What stands between the parentheses.
fn elements(draft: &Draft<'_>, table: &Table) -> Vec<String> {
    let parents = table
        .inherits
        .iter()
        .chain(table.partition.as_ref().map(|p| &p.of));
    let inherited: Vec<&Table> = parents.filter_map(|key| draft.table_then(key)).collect();
    let own = |name: &str| inherited.iter().all(|p| p.column(name).is_none());
    let columns = table.columns.iter().filter(|c| own(&c.name));
    let mut elements: Vec<String> = columns
        .map(|c| column::definition(draft, &table.key, c))
        .collect();
    elements.extend(constraint::of_table(draft, table));
    elements
}

/// Triggers, policies and rules.
fn parts(draft: &mut Draft<'_>, table: &Table) {
    for trigger in &table.triggers {
        draft.push(Phase::CreateDependent, create_trigger(&table.key, trigger));
    }
    for policy in &table.policies {
        draft.push(Phase::CreateDependent, create_policy(&table.key, policy));
    }
    for rule in &table.rules {
        draft.push(Phase::CreateDependent, create_rule(&table.key, rule));
    }
}

pub fn create_trigger(table: &Key, trigger: &Trigger) -> String {
    let constraint = if trigger.constraint {
        "CONSTRAINT "
    } else {
        ""
    };
    let function = trigger.function.as_ref().map_or(String::new(), |f| {
        let schema = f.schema.as_ref().map(|s| format!("{}.", sql_name(s)));
        format!("{}{}", schema.unwrap_or_default(), sql_name(&f.name))
    });
    let clauses = match trigger.clauses.text.as_ref() {
        "" => String::new(),
        text => format!(" {text}"),
    };
    format!(
        "CREATE {constraint}TRIGGER {} {} ON {}{clauses} EXECUTE FUNCTION {function}({})",
        sql_name(&trigger.name),
        trigger.events.text,
        sql_key(table),
        trigger.arguments
    )
}

pub fn create_policy(table: &Key, policy: &Policy) -> String {
    let clauses = &policy.clauses;
    let mut text = format!(
        "CREATE POLICY {} ON {}",
        sql_name(&policy.name),
        sql_key(table)
    );
    if clauses.restrictive {
        text.push_str(" AS RESTRICTIVE");
    }
    if !clauses.command.is_empty() {
        text.push_str(&format!(" FOR {}", clauses.command.to_uppercase()));
    }
    if !clauses.roles.is_empty() {
        text.push_str(&format!(" TO {}", roles(&clauses.roles)));
    }
    if let Some(using) = &clauses.using {
        text.push_str(&format!(" USING ({})", using.text));
    }
    if let Some(check) = &clauses.check {
        text.push_str(&format!(" WITH CHECK ({})", check.text));
    }
    text
}

/// Roles between commas; those that are key words stay so.
pub fn roles(roles: &[crate::name::Name]) -> String {
    let words: Vec<String> = roles.iter().map(|role| role_name(role)).collect();
    words.join(", ")
}

pub fn role_name(role: &str) -> String {
    match role {
        "public" => "PUBLIC".to_owned(),
        "current_user" | "session_user" | "current_role" => role.to_uppercase(),
        role => sql_name(role).to_string(),
    }
}

pub fn create_rule(table: &Key, rule: &Rule) -> String {
    format!(
        "CREATE RULE {} AS ON {} TO {} {}",
        sql_name(&rule.name),
        rule.event,
        sql_key(table),
        rule.definition.text
    )
}

fn change_back(draft: &mut Draft<'_>, before: &Table, after: &Table) {
    let name = sql_key(&after.key);
    attachment_back(draft, before, after);
    column::restore(draft, before, after);
    constraint::restore(draft, before, after);
    members_back(
        draft,
        after,
        "TRIGGER",
        (&before.triggers, &after.triggers),
        |t| t.name.as_str(),
        create_trigger,
    );
    members_back(
        draft,
        after,
        "POLICY",
        (&before.policies, &after.policies),
        |p| p.name.as_str(),
        create_policy,
    );
    members_back(
        draft,
        after,
        "RULE",
        (&before.rules, &after.rules),
        |r| r.name.as_str(),
        create_rule,
    );
    if before.row_security != after.row_security {
        let verb = if before.row_security {
            "ENABLE"
        } else {
            "DISABLE"
        };
        draft.push(
            Phase::CreateDependent,
            format!("ALTER TABLE {name} {verb} ROW LEVEL SECURITY"),
        );
    }
    if before.persistence != after.persistence {
        let to = match before.persistence {
            Persistence::Unlogged => "UNLOGGED",
            _ => "LOGGED",
        };
        draft.push(Phase::AlterColumn, format!("ALTER TABLE {name} SET {to}"));
    }
}

/// Triggers, policies or rules of a table that is still there.
fn members_back<T>(
    draft: &mut Draft<'_>,
    table: &Table,
    word: &str,
    (before, after): (&[T], &[T]),
    name: impl Fn(&T) -> &str,
    create: impl Fn(&Key, &T) -> String,
) {
    let texts = |list: &[T]| -> Vec<String> {
        let text = |member| create(&table.key, member);
        list.iter().map(text).collect()
    };
    let (then, now) = (texts(before), texts(after));
    let is_in = |list: &[String], text: &str| list.iter().any(|other| same_tokens(other, text));
    for (new, _) in after
        .iter()
        .zip(&now)
        .filter(|(_, text)| !is_in(&then, text))
    {
        draft.push(
            Phase::DropDependent,
            format!(
                "DROP {word} {} ON {}",
                sql_name(name(new)),
                sql_key(&table.key)
            ),
        );
    }
    for text in then.iter().filter(|text| !is_in(&now, text)) {
        draft.push(Phase::CreateDependent, text.as_str());
    }
}

/// Partitions and heirs.
fn attachment_back(draft: &mut Draft<'_>, before: &Table, after: &Table) {
    let name = sql_key(&after.key);
    if before.partition != after.partition {
        if let Some(now) = &after.partition {
            draft.push(
                Phase::Detach,
                format!("ALTER TABLE {} DETACH PARTITION {name}", sql_key(&now.of)),
            );
        }
        if let Some(then) = &before.partition {
            let values = match then.bound.default {
                true => "DEFAULT".to_owned(),
                false => format!("FOR VALUES {}", then.bound.text),
            };
            draft.push(
                Phase::Attach,
                format!(
                    "ALTER TABLE {} ATTACH PARTITION {name} {values}",
                    sql_key(&then.of)
                ),
            );
            draft.needs(
                format!(
                    "every row of `{}` belongs to its partition, and none of them to another",
                    after.key
                ),
                format!("SELECT count(*) FROM {name}"),
            );
        }
    }
    for parent in after
        .inherits
        .iter()
        .filter(|p| !before.inherits.contains(p))
    {
        draft.push(
            Phase::Detach,
            format!("ALTER TABLE {name} NO INHERIT {}", sql_key(parent)),
        );
    }
    for parent in before
        .inherits
        .iter()
        .filter(|p| !after.inherits.contains(p))
    {
        draft.push(
            Phase::Attach,
            format!("ALTER TABLE {name} INHERIT {}", sql_key(parent)),
        );
    }
}

/// `(a, b)`.
pub fn columns_in_parens<'a>(columns: impl IntoIterator<Item = &'a crate::name::Name>) -> String {
    format!("({})", sql_names(columns))
}
