//! What the columns of a query are made of.

use crate::name::Name;
use sqlparser::ast::{
    self, BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator,
    Value,
};

use super::{last, name, parts};

/// Where a column of a query comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yields {
    /// A column of a relation behind FROM.
    Column(Name),
    /// An expression that is cast to this type, as the parser writes it.
    Cast(Name),
    /// A literal or a test, of this type under the name that
    /// [`crate::operation::DataType`] gives it.
    Typed(&'static str),
    /// A call without a schema.
    Call(Name),
    /// `COALESCE` of a column and a literal of this type.
    Coalesce(Name, &'static str),
    /// Another expression that is no column.
    Computed,
    /// Perhaps a column.
    Other,
}

impl Yields {
    /// Is it certainly no column, so that nothing can be written to it?
    pub fn is_computed(&self) -> bool {
        !matches!(self, Self::Column(_) | Self::Cast(_) | Self::Other)
    }
}

/// The type of a number that is written out; `None` for other spellings.
pub(super) fn type_of_number(text: &str) -> Option<&'static str> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(if text.parse::<i32>().is_ok() {
            "int"
        } else if text.parse::<i64>().is_ok() {
            "bigint"
        } else {
            "numeric"
        });
    }
    let decimal = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    decimal.then_some("numeric")
}

pub(super) fn yielded(mut expr: &Expr) -> Yields {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    match expr {
        Expr::Identifier(ident) => Yields::Column(name(ident)),
        Expr::CompoundIdentifier(parts) => parts
            .last()
            .map_or(Yields::Other, |part| Yields::Column(name(part))),
        Expr::Cast { data_type, .. } => Yields::Cast(data_type.to_string().into()),
        Expr::Value(value) => literal(&value.value).map_or(Yields::Computed, Yields::Typed),
        Expr::Function(function) => called(function),
        Expr::BinaryOp { op, .. } if is_test(op) => Yields::Typed("boolean"),
        Expr::UnaryOp {
            op: UnaryOperator::Not,
            ..
        }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::InList { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::Exists { .. } => Yields::Typed("boolean"),
        Expr::BinaryOp { .. }
        | Expr::UnaryOp { .. }
        | Expr::Case { .. }
        | Expr::Subquery(_)
        | Expr::Collate { .. }
        | Expr::Extract { .. } => Yields::Computed,
        Expr::Trim { .. } => Yields::Call("btrim".into()),
        Expr::Substring { .. } => Yields::Call("substring".into()),
        _ => Yields::Other,
    }
}

fn is_test(operator: &BinaryOperator) -> bool {
    use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or};
    matches!(operator, And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn literal(value: &Value) -> Option<&'static str> {
    match value {
        Value::Number(text, _) => type_of_number(text),
        Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) | Value::Null => Some("text"),
        Value::Boolean(_) => Some("boolean"),
        _ => None,
    }
}

fn called(function: &ast::Function) -> Yields {
    match parts(&function.name).as_slice() {
        [name] if name == "coalesce" => coalesced(&function.args).unwrap_or(Yields::Computed),
        [name] => Yields::Call(*name),
        _ => Yields::Computed,
    }
}

fn coalesced(arguments: &FunctionArguments) -> Option<Yields> {
    let FunctionArguments::List(list) = arguments else {
        return None;
    };
    let [
        FunctionArg::Unnamed(FunctionArgExpr::Expr(first)),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(second)),
    ] = list.args.as_slice()
    else {
        return None;
    };
    match (yielded(first), second) {
        (Yields::Column(column), Expr::Value(value)) => {
            literal(&value.value).map(|ty| Yields::Coalesce(column, ty))
        }
        _ => None,
    }
}

/// The name of a call, in words; empty for one with a schema of its own.
pub(super) fn plain_name(of: &ast::ObjectName) -> Name {
    match of.0.len() {
        1 => last(of),
        _ => Name::default(),
    }
}
