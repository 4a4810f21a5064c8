//! Arguments of any type: their types are looked up once for each place in a query that calls, and kept there.

use super::args::Args;
use super::error::{CallError, raise};
use pgrx::{PgMemoryContexts, pg_sys};
use rct_core::sketch::{Cluster, Key, SketchError};

/// How a value of a type is read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    /// `character(n)`: blanks at the end mean nothing.
    Padded,
    Name,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Boolean,
    Uuid,
    Enum,
    /// A NULL or a text without a type.
    Unknown,
    Other,
}

/// The type of one argument.
#[derive(Debug)]
pub struct Type {
    oid: pg_sys::Oid,
    kind: Kind,
    /// Values that were looked up, as text.
    words: Vec<(pg_sys::Datum, Vec<u8>)>,
}

/// What is kept at the place of a call, made by `init` at the first.
///
/// # Safety
/// All calls of one C function must use the same `T`.
#[inline(always)]
pub unsafe fn kept<'a, T>(args: &Args<'_>, init: impl FnOnce() -> T) -> &'a mut T {
    // SAFETY: fcinfo and its flinfo are those of the running call; what is kept lives as long as flinfo.
    unsafe {
        let info = (*args.fcinfo()).flinfo;
        if (*info).fn_extra.is_null() {
            let mut context = PgMemoryContexts::For((*info).fn_mcxt);

            (*info).fn_extra = context.leak_and_drop_on_delete(init()).cast();
        }
        &mut *(*info).fn_extra.cast::<T>()
    }
}

/// How many arguments the call has.
pub fn count(args: &Args<'_>) -> usize {
    // SAFETY: fcinfo is that of the running call.
    unsafe { (*args.fcinfo()).nargs as usize }
}

impl Type {
    /// The type of an argument of the running call.
    pub fn of(args: &Args<'_>, argument: usize) -> Self {
        // SAFETY: flinfo is that of the running call; the rest are look-ups in the catalog.
        let oid = unsafe {
            let declared = pg_sys::get_fn_expr_argtype((*args.fcinfo()).flinfo, argument as i32);
            if declared == pg_sys::InvalidOid {
                raise(CallError::NotAggregate);
            }
            pg_sys::getBaseType(declared)
        };
        let kind = match oid {
            pg_sys::TEXTOID | pg_sys::VARCHAROID => Kind::Text,
            pg_sys::BPCHAROID => Kind::Padded,
            pg_sys::NAMEOID => Kind::Name,
            pg_sys::INT2OID => Kind::Int2,
            pg_sys::INT4OID => Kind::Int4,
            pg_sys::INT8OID => Kind::Int8,
            pg_sys::FLOAT4OID => Kind::Float4,
            pg_sys::FLOAT8OID => Kind::Float8,
            pg_sys::NUMERICOID => Kind::Numeric,
            pg_sys::BOOLOID => Kind::Boolean,
            pg_sys::UUIDOID => Kind::Uuid,
            pg_sys::UNKNOWNOID => Kind::Unknown,
            other => Self::other(other),
        };
        Type {
            oid,
            kind,
            words: Vec::new(),
        }
    }

    fn other(oid: pg_sys::Oid) -> Kind {
        // SAFETY: look-ups in the catalog.
        unsafe {
            let (mut category, mut preferred) = (0, false);
            pg_sys::get_type_category_preferred(oid, &mut category, &mut preferred);
            if pg_sys::get_typtype(oid) as u8 == pg_sys::TYPTYPE_ENUM {
                Kind::Enum
            } else if category as u8 == b'S' && pg_sys::get_typlen(oid) == -1 {
                Kind::Text // such as citext
            } else {
                Kind::Other
            }
        }
    }

    /// Name of the type.
    pub fn name(&self) -> String {
        // SAFETY: the result is a C string in the current memory context.
        let name = unsafe { std::ffi::CStr::from_ptr(pg_sys::format_type_be(self.oid)) };
        name.to_string_lossy().into_owned()
    }

    /// True if values can be read as numbers.
    pub fn is_number(&self) -> bool {
        use Kind::{Boolean, Float4, Float8, Int2, Int4, Int8, Numeric, Unknown};
        matches!(
            self.kind,
            Int2 | Int4 | Int8 | Float4 | Float8 | Numeric | Boolean | Unknown
        )
    }

    /// True for an array of double precision.
    pub fn is_array(&self) -> bool {
        self.oid == pg_sys::FLOAT8ARRAYOID
    }

    /// True if values can be names of conditions.
    pub fn is_word(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Float4 | Kind::Float8 | Kind::Numeric | Kind::Uuid | Kind::Other
        )
    }

    /// True if values can be keys of clusters and strata.
    pub fn is_key(&self) -> bool {
        !matches!(self.kind, Kind::Float4 | Kind::Float8 | Kind::Other)
    }

    /// True for a NULL or a text without a type.
    pub fn is_unknown(&self) -> bool {
        self.kind == Kind::Unknown
    }

    /// An argument of this type as a number.
    #[inline(always)]
    pub fn number(&self, args: &Args<'_>, i: usize) -> Option<f64> {
        let datum = args.datum(i)?;
        Some(match self.kind {
            Kind::Float8 => f64::from_bits(datum.value() as u64),
            Kind::Int4 => f64::from(datum.value() as i32),
            Kind::Int8 => datum.value() as i64 as f64,
            Kind::Int2 => f64::from(datum.value() as i16),
            Kind::Boolean => f64::from(datum.value() as u8 != 0),
            Kind::Float4 => f64::from(f32::from_bits(datum.value() as u32)),
            _ => self.slow_number(datum)?,
        })
    }

    #[inline(never)]
    fn slow_number(&self, datum: pg_sys::Datum) -> Option<f64> {
        match self.kind {
            // SAFETY: the argument is numeric.
            Kind::Numeric => unsafe {
                pgrx::direct_function_call(pg_sys::numeric_float8, &[Some(datum)])
            },
            Kind::Unknown => {
                let text = self.text(datum);
                let refused = || {
                    raise(SketchError::TypeOf {
                        argument: "a value".to_owned(),
                        takes: "a number or a boolean",
                        got: format!("the text \"{text}\""),
                    })
                };
                Some(text.trim().parse().unwrap_or_else(|_| refused()))
            }
            _ => None,
        }
    }

    /// A value as its type writes it.
    fn text(&self, datum: pg_sys::Datum) -> String {
        // SAFETY: the datum is of this type; the result is a C string in the current memory context.
        unsafe {
            let (mut output, mut varlena) = (pg_sys::InvalidOid, false);
            pg_sys::getTypeOutputInfo(self.oid, &mut output, &mut varlena);
            let text = pg_sys::OidOutputFunctionCall(output, datum);
            std::ffi::CStr::from_ptr(text)
                .to_string_lossy()
                .into_owned()
        }
    }

    /// An argument of this type as bytes of UTF-8.
    #[inline(always)]
    pub fn word<'a>(&'a mut self, args: &Args<'a>, i: usize) -> Option<&'a [u8]> {
        match self.kind {
            Kind::Text => args.bytes(i),
            _ => self.slow_word(args, i),
        }
    }

    #[inline(never)]
    fn slow_word<'a>(&'a mut self, args: &Args<'a>, i: usize) -> Option<&'a [u8]> {
        let datum = args.datum(i)?;
        match self.kind {
            Kind::Boolean => {
                return Some(if datum.value() as u8 != 0 {
                    b"true"
                } else {
                    b"false"
                });
            }
            Kind::Padded => {
                let bytes = args.bytes(i)?;
                let blanks = bytes.iter().rev().take_while(|b| **b == b' ').count();
                return bytes.get(..bytes.len() - blanks);
            }
            _ => {}
        }
        // Labels of an enum, by their number; of other types only the one at hand is kept.
        let labels = self.kind == Kind::Enum;
        let known = |(of, _): &(pg_sys::Datum, Vec<u8>)| labels && of.value() == datum.value();
        let at = match self.words.iter().position(known) {
            Some(at) => at,
            None => {
                let text = self.text(datum).into_bytes();
                if !labels {
                    self.words.clear();
                }
                self.words.push((datum, text));
                self.words.len() - 1
            }
        };
        self.words.get(at).map(|(_, text)| text.as_slice())
    }

    /// An argument of this type as the key of a cluster or stratum.
    #[inline(always)]
    pub fn key(&mut self, args: &Args<'_>, i: usize) -> Option<Cluster> {
        let datum = args.datum(i)?;
        Some(match self.kind {
            Kind::Int8 => Cluster::Number(datum.value() as i64),
            Kind::Int4 => Cluster::Number(i64::from(datum.value() as i32)),
            Kind::Int2 => Cluster::Number(i64::from(datum.value() as i16)),
            Kind::Text => Cluster::Digest(Key::of_text(args.bytes(i)?)),
            Kind::Uuid => Cluster::Digest(Key::of_uuid(&args.uuid(i)?)),
            Kind::Numeric => Cluster::of_decimal(&self.text(datum)),
            _ => Cluster::Digest(Key::of_text(self.word(args, i)?)),
        })
    }
}
