//! Rules about rows that the migration has dropped before: what comes in their
//! place may ask for no more than they did.

use smol_str::SmolStr;

use super::{Facet, OperationContext, sql_ident};
use crate::effect::postgres;
use crate::finding::Confidence;
use crate::inverse::plain_expression;
use crate::name::Name;
use crate::operation::{
    Action, Constraint, ConstraintKind, Expr, ForeignKey, ObjectKind, ObjectName, Operation,
};
use crate::schema::{Gone, GoneRule, Key, Schema, Table, TableConstraint};

/// With so many checks a condition is compared.
pub const MOST_CHECKS: usize = 16;

impl<'a> OperationContext<'a> {
    /// What this migration has dropped and the old release lived with.
    pub fn gone_rules<'t>(&self, table: &'t Table) -> impl Iterator<Item = &'t Gone> + use<'t> {
        let migration = self.schema.migration();
        let is_of_now = move |gone: &&Gone| gone.migration == migration;
        table.gone.iter().filter(is_of_now)
    }

    /// The constraints among them.
    pub fn gone_constraints(&self, table: &ObjectName) -> Vec<&'a TableConstraint> {
        let schema: &'a Schema = self.schema;
        let Some(table) = schema.table(table) else {
            return Vec::new();
        };
        let constraint = |gone: &'a Gone| match &gone.rule {
            GoneRule::Constraint(old) => Some(&**old),
            _ => None,
        };
        self.gone_rules(table).filter_map(constraint).collect()
    }

    /// Has the migration dropped a check that let in no more than this one? That of
    /// its name is asked first, and of the others the latest.
    pub fn was_checked(&self, table: &ObjectName, name: Option<&str>, check: &str) -> bool {
        let gone = self.gone_constraints(table);
        let own = gone.iter().filter(|old| name == Some(&*old.name));
        let latest = gone.iter().rev().take(MOST_CHECKS);
        own.chain(latest).any(|old| match &old.definition.kind {
            ConstraintKind::Check(old) => admits_no_more(&old.text, check),
            _ => false,
        })
    }

    /// The same for a domain; one that still stands counts too.
    pub fn domain_was_checked(&self, domain: &Key, check: &Expr) -> bool {
        let Some(domain) = self.schema.domain(domain) else {
            return false;
        };
        let (migration, gone) = &domain.gone;
        let gone = gone
            .iter()
            .filter(|_| *migration == self.schema.migration());
        let mut before = gone.rev().chain(&domain.checks).take(MOST_CHECKS);
        before.any(|old| admits_no_more(&old.expr.text, &check.text))
    }

    /// The check that this one takes the place of: of its name, or on its columns.
    pub fn replaced_check(
        &self,
        table: &ObjectName,
        name: Option<&str>,
        columns: &[Name],
    ) -> Option<&'a str> {
        let alike = |old: &TableConstraint| {
            let same = old.columns.iter().all(|c| columns.contains(c));
            name == Some(&*old.name) || same && old.columns.len() == columns.len()
        };
        let mut gone = self
            .gone_constraints(table)
            .into_iter()
            .filter(|old| alike(old));
        gone.find_map(|old| match &old.definition.kind {
            ConstraintKind::Check(check) => Some(&*check.text),
            _ => None,
        })
    }

    /// Has the migration dropped a foreign key of these columns to this table?
    pub fn was_reference(&self, table: &ObjectName, key: &ForeignKey) -> Option<&'a ForeignKey> {
        self.gone_reference(table, key).map(|(_, gone)| gone)
    }

    /// The foreign key that the migration has dropped, where this one differs from it
    /// in no more than its name and when it is checked: another name and ALTER
    /// CONSTRAINT would do.
    pub fn same_reference(
        &self,
        table: &ObjectName,
        constraint: &Constraint,
        key: &ForeignKey,
    ) -> Option<&'a TableConstraint> {
        let (old, gone) = self.gone_reference(table, key)?;
        let own = &old.definition;
        // It had to make way for what becomes of the columns or of the other's key.
        let in_the_way = |op: &Operation| match &op.action {
            Action::AlterColumnType { .. } | Action::DropColumn { .. } => true,
            Action::DropConstraint { name, .. } => name.name != old.name,
            _ => false,
        };
        let mut of_columns = { key.columns.iter() }.flat_map(|c| self.around_on(Facet::Part, c));
        let mut of_other = self.around_on(Facet::Table, &key.references.name);
        if of_columns.any(in_the_way) || of_other.any(in_the_way) {
            return None;
        }
        let is_same = old.validated
            && own.not_enforced == constraint.not_enforced
            && (&gone.on_delete, &gone.on_update, gone.match_full)
                == (&key.on_delete, &key.on_update, key.match_full);
        is_same.then_some(old)
    }

    fn gone_reference(
        &self,
        table: &ObjectName,
        key: &ForeignKey,
    ) -> Option<(&'a TableConstraint, &'a ForeignKey)> {
        let to = self.schema.resolve(&key.references);
        self.gone_constraints(table)
            .into_iter()
            .find_map(|old| match &old.definition.kind {
                ConstraintKind::ForeignKey(gone) => {
                    // By the name that it has by now.
                    let of = old.references;
                    let of = of.map(|key| *self.schema.renamed_to(&key).unwrap_or(&key));
                    let same = of == Some(to)
                        && old.columns == key.columns
                        && (key.referenced.is_empty()
                            || old.referenced.iter().eq(key.referenced.iter()));
                    same.then_some((old, &**gone))
                }
                _ => None,
            })
    }

    /// Has the script dropped something of this name, of which the history does
    /// not know what it was?
    pub fn was_there_unseen(&self, table: &ObjectName, name: Option<&str>) -> bool {
        let seen = |name: &str| {
            let known = self.table(table);
            known.is_some_and(|known| self.gone_rules(known).any(|gone| gone.name == name))
        };
        self.confidence(table) != Confidence::High
            && name.is_some_and(|name| self.was_there_as(table, name) && !seen(name))
    }

    /// Did the script take away what stood under this name, a constraint of the
    /// table or an index? `IF EXISTS` may be a guard for what never was.
    pub fn stood_as(&self, target: &ObjectName, name: &str) -> bool {
        let table = self.table(target);
        let is_gone = table.is_some_and(|t| self.gone_rules(t).any(|gone| gone.name == name));
        let all_known = table.is_some_and(Table::is_known);
        let constraint = |op: &Operation| match &op.action {
            Action::DropConstraint {
                table, if_exists, ..
            } => self.is_same(&table.name, target) && !(*if_exists && all_known),
            _ => false,
        };
        let index = |op: &Operation| match &op.action {
            Action::Drop {
                kind: ObjectKind::Index,
                name,
                if_exists,
                ..
            } => {
                let left = self.schema.was_dropped(&self.schema.resolve(name));
                let went = left.is_some_and(|at| at.source == self.source && at.span == op.place);
                let may_miss = *if_exists || op.within.conditional;
                went || !(may_miss && all_known)
            }
            _ => false,
        };
        is_gone
            || self.earlier_on(Facet::Part, name).any(constraint)
            || self.earlier_on(Facet::Object, name).any(index)
    }

    /// Does the script give a constraint's name to another one later, or to an index?
    /// An index may be made a constraint.
    pub fn taker_of_name(&self, target: &ObjectName, name: &str) -> Option<ObjectKind> {
        let later = self.later_on(Facet::Table, &target.name).rev();
        let mut takers = later.filter_map(|op| match &op.action {
            Action::AddConstraint { table, constraint } => {
                let takes = self.is_same(&table.name, target)
                    && self.constraint_name(target, constraint).trim_matches('"') == name;
                takes.then_some(ObjectKind::Constraint)
            }
            Action::CreateIndex(create) => {
                let takes = self.is_same(&create.table, target)
                    && create.name.as_ref().is_some_and(|own| own.name == name);
                takes.then_some(ObjectKind::Index)
            }
            _ => None,
        });
        takers.next()
    }

    /// Does the statement itself add one of these columns? A remedy in its place
    /// comes behind it.
    pub fn after_new_columns(&self, columns: impl IntoIterator<Item = Name>) -> &'static str {
        let is_new = |column: Name| {
            self.siblings.iter().any(|op| match &op.action {
                Action::AddColumn { column: new, .. } => new.name == column,
                _ => false,
            })
        };
        match columns.into_iter().any(is_new) {
            true => "with the new columns in place, ",
            false => "",
        }
    }

    /// Where the statement that adds a constraint drops one of its name as well:
    /// so must what is written in its place.
    pub fn drop_beside(&self, name: &str) -> String {
        let mut together = self.siblings.iter().filter(|op| !op.within.block);
        let taken = together.any(|op| match &op.action {
            Action::DropConstraint { name: old, .. } => sql_ident(old) == name,
            _ => false,
        });
        match taken {
            true => format!("DROP CONSTRAINT {name}, "),
            false => String::new(),
        }
    }

    /// Has the migration taken away a constraint of this name, by itself or with a
    /// column?
    pub fn stood_as_constraint(&self, target: &ObjectName, name: &str) -> bool {
        let table = self.table(target);
        table.is_some_and(|table| self.gone_rules(table).any(|gone| is_constraint(gone, name)))
    }

    /// Where the constraint of this name that the script drops has to go: into
    /// the statement that puts another in its place.
    pub fn drop_of_old(&self, target: &ObjectName, name: &str) -> String {
        let script = self.earlier_on(Facet::Part, name.trim_matches('"'));
        let drops = |op: &Operation| match &op.action {
            Action::DropConstraint {
                table, name: old, ..
            } => sql_ident(old) == name && self.is_same(&table.name, target),
            _ => false,
        };
        let own = name.trim_matches('"');
        // It may have gone with a column.
        let is_gone = || self.stood_as_constraint(target, own);
        let is_dropped = script.chain(self.siblings).any(drops) || is_gone();
        match is_dropped && self.stood_as(target, own) {
            // By then it has gone with the column, or that is still to be dropped.
            true if self.goes_with_a_column(target, own) => {
                format!("DROP CONSTRAINT IF EXISTS {name}, ")
            }
            true => format!("DROP CONSTRAINT {name}, "),
            false => String::new(),
        }
    }

    /// Does the script drop a column of the constraint of this name that it has
    /// taken away?
    fn goes_with_a_column(&self, target: &ObjectName, name: &str) -> bool {
        let Some(table) = self.table(target) else {
            return false;
        };
        let is_dropped = |column: &Name| {
            let mut around = self.around_on(Facet::Part, column);
            around.any(|op| match &op.action {
                Action::DropColumn {
                    table, column: own, ..
                } => own.name == *column && self.is_same(&table.name, target),
                _ => false,
            })
        };
        let mut gone = self
            .gone_rules(table)
            .filter(|gone| is_constraint(gone, name));
        gone.any(|gone| gone.columns.iter().any(is_dropped))
    }

    /// The name that a constraint has once the script has run, both as SQL
    /// writes them.
    pub fn kept_name(&self, target: &ObjectName, name: &str) -> SmolStr {
        let mut now = SmolStr::new(name);
        for op in self.later_on(Facet::Table, &target.name) {
            if let Action::RenameConstraint {
                table, name, to, ..
            } = &op.action
                && sql_ident(name) == now
                && self.is_same(&table.name, target)
            {
                now = sql_ident(to);
            }
        }
        now
    }
}

/// Was it the constraint of this name, or its index?
fn is_constraint(gone: &Gone, name: &str) -> bool {
    match &gone.rule {
        GoneRule::Constraint(_) => gone.name == name,
        GoneRule::Index(index) => index.constraint.is_some_and(|own| own == name),
        GoneRule::Trigger => false,
    }
}

/// Does every row that a check lets in meet another condition, as far as their
/// terms show?
pub fn admits_no_more(check: &str, condition: &str) -> bool {
    postgres::admits_no_more(check, condition, &plain_expression)
}
