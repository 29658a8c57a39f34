//! The names that the server gives to items of a SELECT and to the columns of
//! an index (`FigureColname` in its `parse_target.c`).

use sqlparser::ast::{AccessExpr, Expr, SelectItem, TrimWhereField};

use super::{last, name};
use crate::name::Name;
use crate::operation::DataType;

/// What the server calls an item of a SELECT that nothing gives a name to.
const NAMELESS: &str = "?column?";

/// The name that the server gives to an item of a SELECT.
pub(super) fn item_name(item: &SelectItem) -> Option<Name> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(name(alias)),
        SelectItem::UnnamedExpr(expr) => {
            Some(figured(expr).map_or_else(|| NAMELESS.into(), Figured::name))
        }
        _ => None,
    }
}

/// The name that an index gives to a column of its own that is an expression;
/// `None` where that is no item of a SELECT.
pub fn column_of_index(expr: &str) -> Option<Name> {
    let output = super::read(&format!("SELECT {expr}"))?.output?;
    let [name] = output.as_slice() else {
        return None;
    };
    Some(match *name == NAMELESS {
        true => Name::new("expr"),
        false => *name,
    })
}

/// A name, and whether a cast around it, or a CASE, leaves it.
enum Figured {
    Strong(Name),
    Weak(Name),
}

impl Figured {
    fn name(self) -> Name {
        match self {
            Self::Strong(name) | Self::Weak(name) => name,
        }
    }
}

fn figured(mut expr: &Expr) -> Option<Figured> {
    let word = |word| Some(Figured::Strong(Name::new(word)));
    // Casts around the expression, from the outside in.
    let mut outermost_cast = None;
    let found = loop {
        break match expr {
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => {
                expr = inner;
                continue;
            }
            Expr::Cast {
                expr: inner,
                data_type,
                ..
            } => {
                outermost_cast.get_or_insert_with(|| type_name(&data_type.to_string()));
                expr = inner;
                continue;
            }
            Expr::TypedString(typed) => {
                Some(Figured::Weak(type_name(&typed.data_type.to_string())))
            }
            Expr::Interval(_) => Some(Figured::Weak(Name::new("interval"))),
            Expr::Identifier(ident) => Some(Figured::Strong(name(ident))),
            Expr::CompoundIdentifier(parts) => {
                Some(Figured::Strong(parts.last().map(name).unwrap_or_default()))
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                let field = access_chain.iter().rev().find_map(|access| match access {
                    AccessExpr::Dot(Expr::Identifier(field)) => Some(name(field)),
                    _ => None,
                });
                match field {
                    Some(field) => Some(Figured::Strong(field)),
                    None => {
                        expr = root;
                        continue;
                    }
                }
            }
            Expr::Function(function) => Some(Figured::Strong(last(&function.name))),
            Expr::Case { else_result, .. } => match else_result.as_deref().and_then(figured) {
                Some(Figured::Strong(name)) => Some(Figured::Strong(name)),
                _ => Some(Figured::Weak(Name::new("case"))),
            },
            Expr::Substring { shorthand, .. } => word(match shorthand {
                true => "substr",
                false => "substring",
            }),
            Expr::Trim { trim_where, .. } => word(match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                _ => "btrim",
            }),
            Expr::Overlay { .. } => word("overlay"),
            Expr::Position { .. } => word("position"),
            Expr::Ceil { .. } => word("ceil"),
            Expr::Floor { .. } => word("floor"),
            Expr::AtTimeZone { .. } => word("timezone"),
            Expr::Extract { .. } => word("extract"),
            Expr::Exists { .. } => word("exists"),
            Expr::Array(_) => word("array"),
            Expr::Tuple(_) => word("row"),
            _ => None,
        };
    };
    match (found, outermost_cast) {
        (Some(Figured::Weak(_)) | None, Some(cast)) => Some(Figured::Weak(cast)),
        (found, _) => found,
    }
}

/// A type under its name in the catalog.
fn type_name(written: &str) -> Name {
    let name = DataType::parse(written).map_or_else(|| written.into(), |ty| ty.name);
    match name.as_str() {
        "smallint" => Name::new("int2"),
        "int" => Name::new("int4"),
        "bigint" => Name::new("int8"),
        "real" => Name::new("float4"),
        "double precision" => Name::new("float8"),
        "boolean" => Name::new("bool"),
        "char" => Name::new("bpchar"),
        "\"char\"" => Name::new("char"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_indexes_have_the_names_of_the_server() {
        for (expr, name) in [
            ("lower(name)", "lower"),
            ("pg_catalog.upper(c)", "upper"),
            ("coalesce(c, '')", "coalesce"),
            ("nullif(c, '')", "nullif"),
            ("greatest(id, b)", "greatest"),
            ("c::varchar", "c"),
            ("cast(b as int)", "b"),
            ("c collate \"C\"", "c"),
            ("a[1]", "a"),
            ("(x)[0]", "x"),
            ("b + 1", "expr"),
            ("(b + 1)::int", "int4"),
            ("(b > 1)::bool", "bool"),
            ("(b + 1)::double precision", "float8"),
            ("('x' || c)::char(5)", "bpchar"),
            ("(j->>'a')::int", "int4"),
            ("j->>'a'", "expr"),
            ("j #>> '{a}'", "expr"),
            ("1::int", "int4"),
            ("c IS NULL", "expr"),
            ("NOT (id > 1)", "expr"),
            ("c LIKE 'a%'", "expr"),
            ("c IN ('a')", "expr"),
            ("date '2020-01-01' + id", "expr"),
            ("CASE WHEN b > 0 THEN c END", "case"),
            ("CASE WHEN b > 0 THEN 1 ELSE b END", "b"),
            ("substring(c from 1 for 3)", "substring"),
            ("trim(c)", "btrim"),
            ("extract(year from ts)", "extract"),
            ("ts at time zone 'UTC'", "timezone"),
            ("position('a' in c)", "position"),
            ("overlay(c placing 'x' from 1)", "overlay"),
            ("array[id, b]", "array"),
            ("row(id, b) = row(b, b)", "expr"),
            ("left(c, 3)", "left"),
            ("ceil(b)", "ceil"),
            ("(lower(c))::varchar(3)", "lower"),
        ] {
            assert_eq!(column_of_index(expr).as_deref(), Some(name), "{expr}");
        }
    }
}
