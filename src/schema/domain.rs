//! Domains, and what a type inherits from the domains it is made of.

use std::sync::Arc;

use super::apply::{At, Conflict};
use super::journal::Entry;
use super::{Column, DataType, Domain, DomainCheck, Expr, Key, Schema};
use crate::name::Name;
use crate::operation::{CreateDomain, DomainChange, Ident, ObjectName};

/// Domains over domains are followed this far.
const DEPTH: usize = 16;

impl Domain {
    /// Is there anything that a value must fulfil?
    pub fn is_constrained(&self) -> bool {
        self.not_null || !self.checks.is_empty()
    }
}

impl Schema {
    /// The domains that a type is made of, the outermost first.
    pub fn domains_of<'s>(&'s self, ty: &DataType) -> impl Iterator<Item = &'s Domain> + use<'s> {
        let below = |ty: &DataType| {
            let may_be = ty.array == 0 && self.type_names.contains(&ty.name);
            let domain = may_be.then(|| self.domains.get(&self.type_key(ty)));
            domain.flatten().map(|domain| &**domain)
        };
        std::iter::successors(below(ty), move |domain| below(&domain.base)).take(DEPTH)
    }

    /// The default of a column: its own, or else that of its type.
    pub fn default_of<'s>(&'s self, column: &'s Column) -> Option<&'s Expr> {
        let of_type = || self.domains_of(&column.ty).find_map(|d| d.default.as_ref());
        column.default.as_ref().or_else(of_type)
    }

    /// Does the type itself keep NULL out?
    pub fn type_keeps_null_out(&self, ty: &DataType) -> bool {
        self.domains_of(ty).any(|domain| domain.not_null)
    }

    pub(super) fn put_domain(&mut self, key: &Key, domain: Option<Domain>) {
        self.note(|s| Entry::Domain(*key, s.domains.get(key).cloned()));
        match domain {
            Some(domain) => {
                self.type_names.insert(key.name);
                self.domains.insert(*key, Arc::new(domain))
            }
            None => self.domains.remove(key),
        };
    }

    pub(super) fn create_domain(&mut self, create: &CreateDomain, at: At) -> Option<Conflict> {
        let key = self.creation_key(&create.name, false);
        let conflict = self.type_taken(&key).or_else(|| self.row_type_taken(&key));
        let conflict = conflict.filter(|_| !create.name.template);
        let domain = Domain {
            key,
            origin: self.origin(at),
            base: create.base.clone(),
            collation: create.collation,
            default: create.default.clone(),
            not_null: create.not_null,
            checks: create
                .checks
                .iter()
                .map(|(name, expr)| DomainCheck {
                    name: check_name(&key, name.as_ref()),
                    expr: expr.clone(),
                    validated: true,
                })
                .collect(),
            gone: (self.migration, Vec::new()),
        };
        self.put_domain(&key, Some(domain));
        self.mark_created(&key);
        conflict
    }

    pub(super) fn alter_domain(&mut self, name: &ObjectName, change: &DomainChange) {
        let key = self.type_key_of(name);
        let Some(domain) = self.domains.get(&key) else {
            return;
        };
        let mut own = (**domain).clone();
        match change {
            DomainChange::SetNotNull => own.not_null = true,
            DomainChange::DropNotNull => own.not_null = false,
            DomainChange::SetDefault(expr) => own.default = Some(expr.clone()),
            DomainChange::DropDefault => own.default = None,
            DomainChange::AddConstraint {
                name,
                check: Some(expr),
                not_valid,
            } => own.checks.push(DomainCheck {
                name: check_name(&key, name.as_ref()),
                expr: expr.clone(),
                validated: !not_valid,
            }),
            DomainChange::AddConstraint { check: None, .. } => own.not_null = true,
            DomainChange::DropConstraint { name, .. } => {
                if own.gone.0 != self.migration {
                    own.gone = (self.migration, Vec::new());
                }
                let (gone, kept): (Vec<DomainCheck>, _) =
                    { own.checks.drain(..) }.partition(|c| c.name == name.name);
                own.checks = kept;
                own.gone.1.extend(gone);
            }
            DomainChange::ValidateConstraint(name) => {
                for check in own.checks.iter_mut().filter(|c| c.name == name.name) {
                    check.validated = true;
                }
            }
            DomainChange::RenameConstraint(from, to) => {
                for check in own.checks.iter_mut().filter(|c| c.name == from.name) {
                    check.name = to.name;
                }
            }
        }
        self.put_domain(&key, Some(own));
    }
}

fn check_name(domain: &Key, name: Option<&Ident>) -> Name {
    match name {
        Some(name) => name.name,
        None => super::names::object_name(&domain.name, "", "check"),
    }
}
