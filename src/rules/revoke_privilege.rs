//! A right goes that the old release may use.

use crate::finding::Severity;
use crate::name::Name;
use crate::operation::{Action, Grant, Kind, ObjectKind, ObjectName, Operation};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, listed};
use crate::schema::PUBLIC;

pub const RULE: Rule = Rule {
    id: "revoke-privilege",
    page: include_str!("../../rules/revoke-privilege.md"),
    check: Check::Operation {
        on: &[Kind::Grant],
        check,
    },
};

fn check(cx: &OperationContext<'_>, findings: &mut Findings) {
    let Action::Grant(grant) = &cx.operation.action else {
        return;
    };
    let created_here = |name: &ObjectName| match grant.on {
        kind if kind.is_routine() => cx.schema.is_created_now(&cx.schema.resolve_routine(name)),
        ObjectKind::Schema => cx
            .schema
            .namespace(&name.name)
            .is_some_and(|o| cx.is_from_here(o)),
        ObjectKind::Type | ObjectKind::Domain => cx.is_new_type(&cx.type_key(name)),
        _ => cx.is_new(name),
    };
    if !grant.revoke || grant.on == ObjectKind::Privileges {
        return;
    }
    let goes = |object: &ObjectName| match grant.on {
        ObjectKind::Table => cx.is_dropped_later(object),
        // A trigger runs its function without asking for the right.
        kind if kind.is_routine() => cx.is_trigger_function(&cx.schema.resolve_routine(object)),
        _ => false,
    };
    let mut lost = Loss::default();
    for (at, object) in grant.objects.iter().enumerate() {
        if !created_here(object) && !goes(object) {
            lost.add(cx, grant, Some((at, object)));
        }
    }
    if grant.objects.is_empty() {
        lost.add(cx, grant, None);
    }
    if lost.grantees.is_empty() {
        return;
    }
    let objects: Vec<String> = lost.objects.iter().map(|o| format!("`{o}`")).collect();
    let on = match grant.objects.is_empty() {
        true => String::new(),
        false => format!(" on {}", listed(&objects)),
    };
    let from = format!("from {}", lost.grantees.join(", "));
    let fact = match grant.on {
        ObjectKind::Role => format!(
            "takes the membership in {} {from}",
            grant.privileges.join(", ")
        ),
        _ => {
            let privileges = grant.privileges.join(", ").to_ascii_uppercase();
            format!("revokes {privileges}{on} {from}")
        }
    };
    let hands_on = |op: &Operation, object: &ObjectName| {
        matches!(&op.action, Action::Grant(given) if !given.revoke && given.on == grant.on
            && given.objects.contains(object))
    };
    let of_public = lost.grantees.iter().all(|grantee| *grantee == PUBLIC);
    let handed_on = of_public
        && !lost.objects.is_empty()
        && lost.objects.iter().all(|object| {
            let mut later = cx.later_on(Facet::Object, &object.name);
            later.any(|op| hands_on(op, object))
        });
    let (then, severity) = match handed_on {
        true => (
            "the old release keeps the right only as a role that is granted it here",
            Severity::Info,
        ),
        false => (
            "the old release loses the right if it runs as such a role",
            Severity::Warning,
        ),
    };
    // Of what may well hold on, the first speaks for all.
    let place = cx.place(cx.operation.place);
    let alike = format!("{from}: {then}");
    if handed_on && findings.add_to_alike(&alike, place, &format!("{fact} too")) {
        return;
    }
    findings
        .report(cx.operation.place, format!("{fact}: {then}"))
        .severity(severity)
        .help(
            "Release code that no longer needs the right, or connects as another role, first; revoke in a later migration declared contract.",
        );
}

/// What goes for good.
#[derive(Default)]
struct Loss<'a> {
    objects: Vec<&'a ObjectName>,
    grantees: Vec<Name>,
}

impl<'a> Loss<'a> {
    /// Adds the roles that are not given all of it again, on this object or on what
    /// is not named one by one.
    fn add(
        &mut self,
        cx: &OperationContext<'_>,
        revoked: &'a Grant,
        object: Option<(usize, &'a ObjectName)>,
    ) {
        let later: Vec<&Grant> = match object {
            Some((at, object)) => { cx.later_on(Facet::Object, &object.name) }
                .filter_map(|op| gives(op, revoked))
                .filter(|given| {
                    let mut objects = given.objects.iter().enumerate();
                    objects.any(|(n, other)| other == object && may_be_same(revoked, at, given, n))
                })
                .collect(),
            None => { cx.later() }
                .filter_map(|op| gives(op, revoked))
                .filter(|given| given.objects.is_empty() && same_scope(revoked, given))
                .collect(),
        };
        for grantee in &revoked.grantees {
            let reaches = |given: &&&Grant| {
                given.grantees.contains(grantee) || given.grantees.iter().any(|g| *g == PUBLIC)
            };
            let back: Vec<&str> = { later.iter().filter(reaches) }
                .flat_map(|given| rights(given))
                .collect();
            let holds = |right: &&str| {
                let may = |(_, object)| cx.schema.public_may_hold(revoked.on, object, right);
                *grantee != PUBLIC || object.is_none_or(may)
            };
            let is_lost = |right: &str| !back.contains(&"all") && !back.contains(&right);
            let mut rights = rights(revoked).into_iter().filter(holds);
            if rights.any(is_lost) {
                if !self.grantees.contains(grantee) {
                    self.grantees.push(*grantee);
                }
                if let Some((_, object)) = object
                    && !self.objects.contains(&object)
                {
                    self.objects.push(object);
                }
            }
        }
    }
}

/// A grant of the same kind.
fn gives<'a>(op: &'a Operation, revoked: &Grant) -> Option<&'a Grant> {
    match &op.action {
        Action::Grant(grant) if !grant.revoke && grant.on == revoked.on => Some(grant),
        _ => None,
    }
}

/// The rights that it is about. There is but one on a routine or a type, so that
/// its name and ALL are the same.
fn rights(grant: &Grant) -> Vec<&str> {
    let only = match grant.on {
        kind if kind.is_routine() => Some("execute"),
        ObjectKind::Type | ObjectKind::Domain | ObjectKind::Language => Some("usage"),
        _ => None,
    };
    grant
        .privileges
        .iter()
        .map(|privilege| match only {
            Some(only) if *privilege == "all" => only,
            _ => privilege.as_str(),
        })
        .collect()
}

/// Routines of one name are told apart by how many arguments are written.
fn may_be_same(a: &Grant, at: usize, b: &Grant, n: usize) -> bool {
    let arguments = |grant: &Grant, at: usize| {
        let lower = grant.what.to_ascii_lowercase();
        let on = lower.find(" on ")?;
        let named = split(&lower[on..]).into_iter().nth(at)?;
        let (_, list) = named.split_once('(')?;
        let list = list.trim_end().strip_suffix(')')?;
        Some(match list.trim() {
            "" => 0,
            list => split(list).len(),
        })
    };
    match (arguments(a, at), arguments(b, n)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// At the commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let outside = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    };
    text.split(outside).collect()
}

/// All of the same kind in the same schema, as it is written.
fn same_scope(a: &Grant, b: &Grant) -> bool {
    let scope = |grant: &Grant| {
        let words: Vec<String> = { grant.what.split_whitespace() }
            .map(str::to_ascii_lowercase)
            .collect();
        let on = words.iter().position(|word| word == "on");
        on.map(|on| words[on..].join(" "))
    };
    match a.on {
        ObjectKind::Role => a.privileges == b.privileges,
        _ => scope(a) == scope(b),
    }
}
