//! A right goes that the old release may use.

use crate::finding::Severity;
use crate::name::Name;
use crate::operation::{Action, Grant, Kind, ObjectKind, ObjectName, Operation};
use crate::rule::{Check, Facet, Findings, OperationContext, Rule, listed};
use crate::schema::{PUBLIC, pairs};

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
    let all_new = !grant.objects.is_empty() && grant.objects.iter().all(created_here);
    if !grant.revoke || grant.on == ObjectKind::Privileges || all_new {
        return;
    }
    let first = grant.objects.first();
    let back = first.is_some_and(|object| {
        cx.later_on(Facet::Object, &object.name)
            .any(|op| gives_back(op, grant))
    });
    let goes = |object: &ObjectName| grant.on == ObjectKind::Table && cx.is_dropped_later(object);
    if back || !grant.objects.is_empty() && grant.objects.iter().all(goes) {
        return;
    }
    let void = |(privilege, grantee): (Name, Name)| {
        let mut objects = grant.objects.iter();
        grantee == PUBLIC && objects.all(|o| !cx.schema.public_may_hold(grant.on, o, &privilege))
    };
    if !grant.objects.is_empty() && pairs(grant).all(void) {
        return;
    }
    let objects: Vec<String> = grant.objects.iter().map(|o| format!("`{o}`")).collect();
    let on = if objects.is_empty() {
        String::new()
    } else {
        format!(" on {}", listed(&objects))
    };
    let from = format!("from {}", grant.grantees.join(", "));
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
    let hands_on = |op: &Operation| {
        matches!(&op.action, Action::Grant(given) if !given.revoke && given.on == grant.on
            && grant.objects.iter().all(|object| given.objects.contains(object)))
    };
    let of_public = grant.grantees.iter().all(|grantee| *grantee == PUBLIC);
    let handed_on = first
        .is_some_and(|object| of_public && cx.later_on(Facet::Object, &object.name).any(hands_on));
    let (lost, severity) = match handed_on {
        true => (
            "the old release keeps the right only as a role that is granted it here",
            Severity::Info,
        ),
        false => (
            "the old release loses the right if it runs as such a role",
            Severity::Warning,
        ),
    };
    let place = cx.place(cx.operation.place);
    let alike = format!("{from}: {lost}");
    if findings.add_to_alike(&alike, place, &format!("{fact} too")) {
        return;
    }
    findings
        .report(cx.operation.place, format!("{fact}: {lost}"))
        .severity(severity)
        .help(
            "Release code that no longer needs the right, or connects as another role, first; revoke in a later migration declared contract.",
        );
}

/// Is all of it granted again?
fn gives_back(op: &Operation, revoked: &Grant) -> bool {
    let Action::Grant(grant) = &op.action else {
        return false;
    };
    let everything = grant.privileges.iter().any(|p| p.starts_with("all"));
    !grant.revoke
        && grant.on == revoked.on
        && revoked.objects.iter().all(|o| grant.objects.contains(o))
        && revoked.grantees.iter().all(|g| grant.grantees.contains(g))
        && (everything
            || revoked
                .privileges
                .iter()
                .all(|p| grant.privileges.contains(p)))
}
