//! Rows of a function, column by column by name.
//!
//! Which columns a function has, of which types and in which order, is declared in SQL and nowhere else. A row of the core
//! writes itself (serde), and each of its fields goes to the column of the same name. A field without a column, a column
//! without a field or a value of another type is an error, so that declaration and row cannot drift apart.

mod value;

use super::error::{CallError, raise};
use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::{PgMemoryContexts, PgTupleDesc, pg_sys};
use rct_core::pulse;
use serde::Serialize;
use serde::ser::{Impossible, SerializeMap, SerializeStruct, Serializer};
use value::{Column, Mismatch, Value};

/// The rows that a function returns.
pub struct Rows<T>(Box<dyn Iterator<Item = T>>);

impl<T: 'static> Rows<T> {
    /// Of a list, or one after the other as they are made.
    pub fn new<I>(rows: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: 'static,
    {
        Rows(Box::new(rows.into_iter()))
    }

    /// One row.
    pub fn one(row: T) -> Self {
        Rows::new(std::iter::once(row))
    }
}

// SAFETY: the rows go into the set of the call, which Postgres reads; the value itself is ignored.
unsafe impl<T: Serialize> BoxRet for Rows<T> {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        // SAFETY: fcinfo is that of the running call.
        let mut set = unsafe { Set::new(fcinfo.as_mut_ptr()) };
        for row in self.0 {
            pulse::beat();
            set.put(&row);
        }
        fcinfo.return_null()
    }
}

/// The set that a call returns.
struct Set {
    store: *mut pg_sys::Tuplestorestate,
    descriptor: pg_sys::TupleDesc,
    columns: Vec<Column>,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
    filled: Vec<bool>,
    /// Memory of one row.
    memory: PgMemoryContexts,
}

impl Set {
    /// # Safety
    /// `fcinfo` is that of the running call of a function declared with `RETURNS TABLE` of at least two columns.
    unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        // SAFETY: as promised; an error is raised where no set is expected.
        let (store, descriptor) = unsafe {
            pg_sys::InitMaterializedSRF(fcinfo, 0);
            let info = (*fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            ((*info).setResult, (*info).setDesc)
        };
        // SAFETY: the descriptor is that of the set, which outlives the call.
        let described = unsafe { PgTupleDesc::from_pg_unchecked(descriptor) };
        let columns: Vec<Column> = described.iter().map(Column::new).collect();
        let attributes = columns.len();
        Set {
            store,
            descriptor,
            columns,
            values: vec![pg_sys::Datum::from(0); attributes],
            nulls: vec![true; attributes],
            filled: vec![false; attributes],
            memory: PgMemoryContexts::new("rct row"),
        }
    }

    fn put(&mut self, row: &impl Serialize) {
        self.filled.fill(false);
        let mut memory =
            std::mem::replace(&mut self.memory, PgMemoryContexts::CurrentMemoryContext);
        // SAFETY: the context is this set's own, and nothing of the last row is used any more.
        unsafe {
            memory.reset();
            memory.switch_to(|_| {
                let mut writer = Writer { set: self, next: 0 };
                if let Err(mismatch) = row.serialize(&mut writer) {
                    raise(CallError::Column(mismatch.0));
                }
                if let Some(at) = self.filled.iter().position(|f| !f) {
                    let name = self.columns.get(at).map_or("", |c| &c.name);
                    raise(CallError::Column(format!("column \"{name}\" has no value")));
                }
                pg_sys::tuplestore_putvalues(
                    self.store,
                    self.descriptor,
                    self.values.as_mut_ptr(),
                    self.nulls.as_mut_ptr(),
                );
            });
        }
        self.memory = memory;
    }
}

/// Writes the fields of one row.
struct Writer<'a> {
    set: &'a mut Set,
    /// The column after the last one written, which is mostly the next one.
    next: usize,
}

impl Writer<'_> {
    fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Mismatch> {
        let columns = &self.set.columns;
        let is = |at: usize| columns.get(at).is_some_and(|c| c.name == name);
        let at = match is(self.next) {
            true => self.next,
            false => (0..columns.len())
                .find(|&at| is(at))
                .ok_or_else(|| Mismatch(format!("field \"{name}\" has no column")))?,
        };
        let Some(column) = columns.get(at) else {
            return Ok(());
        };
        let datum = value
            .serialize(Value::of(column))
            .map_err(|m| Mismatch(format!("column \"{name}\": {}", m.0)))?;
        if let (Some(value), Some(null), Some(filled)) = (
            self.set.values.get_mut(at),
            self.set.nulls.get_mut(at),
            self.set.filled.get_mut(at),
        ) {
            *null = datum.is_none();
            *value = datum.unwrap_or(pg_sys::Datum::from(0));
            *filled = true;
        }
        self.next = at + 1;
        Ok(())
    }
}

fn not_a_row<T>() -> Result<T, Mismatch> {
    Err(Mismatch("a row must be a struct".to_owned()))
}

macro_rules! not_a_row {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => { $(
        fn $method(self, $(_: $type),*) -> Result<$ok, Mismatch> {
            not_a_row()
        }
    )* };
}

type Not = Impossible<(), Mismatch>;

impl<'a, 'b> Serializer for &'a mut Writer<'b> {
    type Ok = ();
    type Error = Mismatch;
    type SerializeSeq = Not;
    type SerializeTuple = Not;
    type SerializeTupleStruct = Not;
    type SerializeTupleVariant = Not;
    type SerializeMap = Fields<'a, 'b>;
    type SerializeStruct = &'a mut Writer<'b>;
    type SerializeStructVariant = Not;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<&'a mut Writer<'b>, Mismatch> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a, 'b>, Mismatch> {
        Ok(Fields {
            writer: self,
            name: String::new(),
        })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Mismatch> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Mismatch> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Mismatch> {
        not_a_row()
    }

    not_a_row! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Not;
        serialize_tuple(usize) -> Not;
        serialize_tuple_struct(&'static str, usize) -> Not;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Not;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Not;
    }
}

impl SerializeStruct for &mut Writer<'_> {
    type Ok = ();
    type Error = Mismatch;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Mismatch> {
        self.field(name, value)
    }

    fn end(self) -> Result<(), Mismatch> {
        Ok(())
    }
}

/// The fields of a struct that has others in it (`serde(flatten)`).
struct Fields<'a, 'b> {
    writer: &'a mut Writer<'b>,
    name: String,
}

/// The name of a field.
struct Name<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> std::fmt::Display for Name<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.serialize(f)
    }
}

impl SerializeMap for Fields<'_, '_> {
    type Ok = ();
    type Error = Mismatch;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Mismatch> {
        self.name = Name(key).to_string();
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        self.writer.field(&self.name, value)
    }

    fn end(self) -> Result<(), Mismatch> {
        Ok(())
    }
}
