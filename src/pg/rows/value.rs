//! One value of a row, as the type of its column.

use crate::pg::result;
use pgrx::pg_sys;
use pgrx::pg_sys::BuiltinOid as Type;
use serde::Serialize;
use serde::ser::{Impossible, SerializeSeq, SerializeTuple, SerializeTupleStruct, Serializer};

/// What a column is: its name and type.
pub(super) struct Column {
    pub name: String,
    kind: pg_sys::Oid,
}

impl Column {
    pub fn new(attribute: &pg_sys::FormData_pg_attribute) -> Self {
        Column {
            name: pgrx::name_data_to_str(&attribute.attname).to_owned(),
            kind: attribute.atttypid,
        }
    }
}

/// A value that does not fit its column.
#[derive(Debug)]
pub(super) struct Mismatch(pub String);

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

impl serde::ser::Error for Mismatch {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Mismatch(message.to_string())
    }
}

/// Writes a value as a datum of a type; `None` is NULL.
#[derive(Clone, Copy)]
pub(super) struct Value {
    kind: pg_sys::Oid,
}

type Written = Result<Option<pg_sys::Datum>, Mismatch>;
type Not = Impossible<Option<pg_sys::Datum>, Mismatch>;

impl Value {
    pub fn of(column: &Column) -> Self {
        Value { kind: column.kind }
    }

    fn is(self, kind: Type) -> bool {
        self.kind == pg_sys::Oid::from(kind)
    }

    fn refuse(self, got: &str) -> Mismatch {
        Mismatch(format!("{got} for type {}", u32::from(self.kind)))
    }

    fn integer(self, value: i64) -> Written {
        if self.is(Type::INT8OID) || self.is(Type::TIMESTAMPTZOID) {
            Ok(Some(pg_sys::Datum::from(value)))
        } else if self.is(Type::INT4OID) || self.is(Type::DATEOID) {
            let value = i32::try_from(value).map_err(|_| self.refuse("a large integer"))?;
            Ok(Some(pg_sys::Datum::from(value)))
        } else {
            Err(self.refuse("an integer"))
        }
    }

    fn array(self, length: Option<usize>) -> Result<Elements, Mismatch> {
        // SAFETY: a look-up of a type; it gives 0 for what is not an array.
        let kind = unsafe { pg_sys::get_element_type(self.kind) };
        if kind == pg_sys::InvalidOid {
            return Err(self.refuse("a list"));
        }
        let length = length.unwrap_or(0);
        Ok(Elements {
            of: Value { kind },
            values: Vec::with_capacity(length),
            nulls: Vec::with_capacity(length),
        })
    }
}

/// Refuses what no column holds.
macro_rules! refused {
    ($ok:ty, $error:expr; $($method:ident($($type:ty),*) $what:literal;)*) => { $(
        fn $method(self, $(_: $type),*) -> Result<$ok, Mismatch> {
            Err($error(self, $what))
        }
    )* };
}

impl Serializer for Value {
    type Ok = Option<pg_sys::Datum>;
    type Error = Mismatch;
    type SerializeSeq = Elements;
    type SerializeTuple = Elements;
    type SerializeTupleStruct = Elements;
    type SerializeTupleVariant = Not;
    type SerializeMap = Not;
    type SerializeStruct = Not;
    type SerializeStructVariant = Not;

    fn serialize_bool(self, value: bool) -> Written {
        match self.is(Type::BOOLOID) {
            true => Ok(Some(result::boolean(value))),
            false => Err(self.refuse("a boolean")),
        }
    }

    fn serialize_i32(self, value: i32) -> Written {
        self.integer(value.into())
    }

    fn serialize_i64(self, value: i64) -> Written {
        self.integer(value)
    }

    fn serialize_u8(self, value: u8) -> Written {
        self.integer(value.into())
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.integer(value.into())
    }

    fn serialize_u32(self, value: u32) -> Written {
        self.integer(value.into())
    }

    fn serialize_u64(self, value: u64) -> Written {
        self.integer(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn serialize_f64(self, value: f64) -> Written {
        match self.is(Type::FLOAT8OID) {
            true => Ok(Some(pg_sys::Datum::from(value.to_bits() as i64))),
            false => Err(self.refuse("a number")),
        }
    }

    fn serialize_str(self, value: &str) -> Written {
        match self.is(Type::TEXTOID) {
            true => Ok(Some(result::varlena(value.as_bytes()))),
            false => Err(self.refuse("a text")),
        }
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        match <[u8; 16]>::try_from(value) {
            Ok(bytes) if self.is(Type::UUIDOID) => Ok(Some(result::uuid(bytes))),
            _ if self.is(Type::BYTEAOID) => Ok(Some(result::varlena(value))),
            _ => Err(self.refuse("bytes")),
        }
    }

    fn serialize_none(self) -> Written {
        Ok(None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self)
    }

    /// A word.
    fn serialize_unit_variant(self, _: &'static str, _: u32, word: &'static str) -> Written {
        self.serialize_str(word)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Elements, Mismatch> {
        self.array(length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Elements, Mismatch> {
        self.array(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Elements, Mismatch> {
        self.array(Some(length))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Written {
        Err(self.refuse("a variant"))
    }

    refused! {
        Option<pg_sys::Datum>, Value::refuse;
        serialize_i8(i8) "a byte";
        serialize_i16(i16) "a short integer";
        serialize_f32(f32) "a short number";
        serialize_char(char) "a character";
        serialize_unit() "nothing";
        serialize_unit_struct(&'static str) "nothing";
    }
    refused! {
        Not, Value::refuse;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) "a variant";
        serialize_map(Option<usize>) "a map";
        serialize_struct(&'static str, usize) "a struct";
        serialize_struct_variant(&'static str, u32, &'static str, usize) "a variant";
    }
}

/// An array of one dimension.
pub(super) struct Elements {
    of: Value,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl Elements {
    fn push(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Mismatch> {
        let datum = value.serialize(self.of)?;
        self.nulls.push(datum.is_none());
        self.values.push(datum.unwrap_or(pg_sys::Datum::from(0)));
        Ok(())
    }

    fn finish(mut self) -> Written {
        let kind = self.of.kind;
        let (mut length, mut by_value, mut align) = (0, false, 0);
        let (mut size, mut first) = (self.values.len() as i32, 1);
        // SAFETY: values and nulls are as long as said, and values are datums of the type, as `Value` makes them.
        let array = unsafe {
            if self.values.is_empty() {
                pg_sys::construct_empty_array(kind)
            } else {
                pg_sys::get_typlenbyvalalign(kind, &mut length, &mut by_value, &mut align);
                pg_sys::construct_md_array(
                    self.values.as_mut_ptr(),
                    self.nulls.as_mut_ptr(),
                    1,
                    &mut size,
                    &mut first,
                    kind,
                    length.into(),
                    by_value,
                    align,
                )
            }
        };
        Ok(Some(pg_sys::Datum::from(array)))
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident;)*) => { $(
        impl $trait for Elements {
            type Ok = Option<pg_sys::Datum>;
            type Error = Mismatch;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
                self.push(value)
            }

            fn end(self) -> Written {
                self.finish()
            }
        }
    )* };
}

elements! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
}
