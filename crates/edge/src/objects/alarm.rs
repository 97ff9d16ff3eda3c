//! What an object's alarm does, and when it rings.

use super::{Context, Object};
use crate::{
    audit, edge::Edge, idempotency, outbox, problem::ApiError, provenance::Provenance, schema,
    sql::Sql,
};

/// When something of an object expires next, in Unix milliseconds.
///
/// # Errors
/// A fault.
pub fn wake_at_ms<O: Object>(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    if schema::is_behind::<O>(context.sql)? {
        // Its alarm brings it forward.
        return Ok(Some(context.now_ms));
    }
    let logged = if O::IS_AUDITED {
        audit::wake_at_ms(context)?
    } else {
        None
    };
    let all = [
        logged,
        idempotency::wake_at_ms(context)?,
        O::wake_at_ms(context)?,
    ];
    Ok(all.into_iter().flatten().min())
}

/// What an alarm has led to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rung {
    /// Whether nothing is left, as [`Object::sweep`] says it.
    pub is_unused: bool,
    /// Text for every open event stream of this object.
    pub announcement: Option<String>,
}

/// What an object's alarm does: it brings the object forward, delivers its outbox, and removes what has expired.
///
/// # Errors
/// A fault; what was delivered is settled.
pub async fn ring<O: Object>(sql: &dyn Sql, edge: &Edge, name: &str) -> Result<Rung, ApiError> {
    if !schema::is_born(sql)? {
        return Ok(Rung::default());
    }
    let own_doing = Provenance::default();
    let context = || Context::of(sql, edge, name, &own_doing);
    bring_forward::<O>(&context())?;
    outbox::drain::<O>(sql, edge, name).await?;
    // The outbox comes first: what others decide by does not wait for who is slow to listen.
    let announcement = O::deliver(sql, edge, name).await?;
    let is_unused = sweep::<O>(&context())?;
    Ok(Rung {
        is_unused: is_unused && outbox::next_at_ms(sql)?.is_none(),
        announcement,
    })
}

/// Migrations, in one transaction: what is delivered may be written down in tables that older code did not have.
fn bring_forward<O: Object>(context: &Context<'_>) -> Result<(), ApiError> {
    if context.sql.live().has_schema() {
        return Ok(());
    }
    context.sql.transaction(|| {
        schema::migrate::<O>(context.sql, schema::version(context.sql)?)?;
        if O::IS_AUDITED {
            audit::seal_unknown(context)?;
        }
        schema::keep_name(context.sql, context.name)
    })?;
    context.sql.live().know_schema();
    Ok(())
}

/// Removes what has expired, in one transaction.
fn sweep<O: Object>(context: &Context<'_>) -> Result<bool, ApiError> {
    context.sql.transaction(|| {
        let is_unused = O::sweep(context)?;
        idempotency::sweep(context)?;
        if O::IS_AUDITED {
            audit::sweep(context)?;
        }
        Ok(is_unused)
    })
}
