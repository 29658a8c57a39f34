//! Views and materialized views.

use super::draft::{Class, Draft, Phase};
use super::sql::sql_key;
use super::table::columns_in_parens;
use super::{index, routine};
use crate::schema::{Mark, Origin, Relation, View};

/// `CREATE VIEW …`, or what puts it in the place of another.
pub fn definition(view: &View, or_replace: bool) -> String {
    let head = match (or_replace, view.materialized, view.temporary) {
        (_, true, _) => "CREATE MATERIALIZED VIEW",
        (true, false, false) => "CREATE OR REPLACE VIEW",
        (true, false, true) => "CREATE OR REPLACE TEMPORARY VIEW",
        (false, false, true) => "CREATE TEMPORARY VIEW",
        (false, false, false) => "CREATE VIEW",
    };
    let columns = match view.columns.is_empty() {
        true => String::new(),
        false => format!(" {}", columns_in_parens(&view.columns)),
    };
    let options = match view.options.as_str() {
        "" => String::new(),
        options => format!(" {options}"),
    };
    let data = if view.materialized && !view.populated {
        " WITH NO DATA".to_owned()
    } else if view.check_option.is_empty() {
        String::new()
    } else {
        format!(" {}", view.check_option)
    };
    format!(
        "{head} {}{columns}{options} AS\n{}{data}",
        sql_key(&view.key),
        view.query.trim()
    )
}

/// Brings back all views that changed.
pub fn restore(draft: &mut Draft<'_>, mark: Mark) {
    let mut back: Vec<(&View, bool)> = Vec::new();
    for change in draft.now.relations_changed_since(mark) {
        match (change.before, change.after) {
            (None, Some(Relation::View(view))) if view.origin != Origin::Assumed => {
                drop(draft, view)
            }
            (Some(Relation::View(before)), Some(Relation::View(after))) => {
                if before.query != after.query
                    || before.columns != after.columns
                    || before.options != after.options
                    || before.check_option != after.check_option
                {
                    let same_shape = before.columns == after.columns && !before.columns.is_empty();
                    if !same_shape {
                        make_way(draft, after, &mut back);
                    }
                    back.push((before, same_shape));
                } else if before.populated != after.populated && before.materialized {
                    let data = if before.populated {
                        ""
                    } else {
                        " WITH NO DATA"
                    };
                    draft.push(
                        Phase::CreateView,
                        format!("REFRESH MATERIALIZED VIEW {}{data}", sql_key(&after.key)),
                    );
                }
            }
            (Some(Relation::View(view)), None) => back.push((view, false)),
            _ => {}
        }
    }
    for (view, or_replace) in in_order(back) {
        if view.stale || view.origin == Origin::Assumed {
            draft.misses(format!(
                "the query of `{}` names what has another name by now",
                view.key
            ));
        } else {
            draft.push(Phase::CreateView, definition(view, or_replace));
        }
    }
}

/// Drops a view that is made anew, and before it what stands in the way, which
/// comes back after it.
fn make_way<'a>(draft: &mut Draft<'a>, view: &'a View, back: &mut Vec<(&'a View, bool)>) {
    if !draft.makes_anew(view.key, Class::Relation) {
        return;
    }
    let now = draft.now;
    for over in view.views.iter().filter_map(|key| now.view_by_key(key)) {
        make_way(draft, over, back);
        for index in over.indexes.iter().filter_map(|key| now.index_by_key(key)) {
            draft.push(Phase::CreateDependent, index::definition(index, false));
        }
        back.push((over, false));
    }
    for taking in now.routines_taking(&view.key) {
        routine::make_anew(draft, taking);
    }
    for instead in &view.instead {
        draft.misses(format!(
            "{} `{}` of `{}` goes with the view, and has to be made again",
            instead.kind.word(),
            instead.name,
            view.key
        ));
    }
    drop(draft, view);
}

fn drop(draft: &mut Draft<'_>, view: &View) {
    let kind = if view.materialized {
        "MATERIALIZED VIEW"
    } else {
        "VIEW"
    };
    draft.push(
        Phase::DropView,
        format!("DROP {kind} {}", sql_key(&view.key)),
    );
}

/// Views before those that read them.
fn in_order(mut views: Vec<(&View, bool)>) -> Vec<(&View, bool)> {
    views.sort_by_key(|a| a.0.key);
    views.dedup_by_key(|a| a.0.key);
    let mut order = Vec::new();
    while !views.is_empty() {
        let waits = |view: &View| {
            let reads = |other: &View| view.uses.iter().any(|u| u.relation == other.key);
            views
                .iter()
                .any(|(other, _)| other.key != view.key && reads(other))
        };
        let next = views.iter().position(|(v, _)| !waits(v)).unwrap_or(0);
        order.push(views.remove(next));
    }
    order
}
