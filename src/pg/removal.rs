//! What a DDL command is about to remove.

use super::args::Args;
use pgrx::pg_sys;
use std::ffi::CStr;

/// Whether the command that fired the event trigger drops the extension: by its name, with its schema or its language, or with
/// its owner.
pub fn drops_extension(args: &Args<'_>) -> bool {
    // SAFETY: Postgres calls event triggers with EventTriggerData; its parse tree is that of the command. Nodes are told
    // apart by their tags.
    unsafe {
        let context = (*args.fcinfo()).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return false;
        }
        let tree = (*context.cast::<pg_sys::EventTriggerData>()).parsetree;
        match (*tree).type_ {
            pg_sys::NodeTag::T_DropStmt => {
                let drop = tree.cast::<pg_sys::DropStmt>();
                // What the extension depends on takes it along.
                let names: &[&CStr] = match (*drop).removeType {
                    pg_sys::ObjectType::OBJECT_EXTENSION => &[c"pg_rct", c"plpgsql"],
                    pg_sys::ObjectType::OBJECT_SCHEMA => &[c"rct"],
                    _ => return false,
                };
                nodes((*drop).objects).any(|node| {
                    let name = (*node.cast::<pg_sys::String>()).sval.cast_const();
                    names.contains(&CStr::from_ptr(name))
                })
            }
            pg_sys::NodeTag::T_DropOwnedStmt => {
                let drop = tree.cast::<pg_sys::DropOwnedStmt>();
                let owner = super::reader::owner(args);
                nodes((*drop).roles).any(|node| {
                    pg_sys::get_rolespec_oid(node.cast::<pg_sys::RoleSpec>(), true) == owner
                })
            }
            _ => false,
        }
    }
}

/// The nodes of a list.
///
/// # Safety
/// `list` must be NULL or a list of nodes.
unsafe fn nodes(list: *mut pg_sys::List) -> impl Iterator<Item = *mut pg_sys::Node> {
    // SAFETY: by contract; an empty list is NULL.
    let cells = unsafe {
        if list.is_null() {
            &[]
        } else {
            std::slice::from_raw_parts((*list).elements, (*list).length as usize)
        }
    };
    // SAFETY: the cells of a list of nodes hold pointers.
    cells
        .iter()
        .map(|cell| unsafe { cell.ptr_value.cast::<pg_sys::Node>() })
}
