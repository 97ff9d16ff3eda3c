//! The exported Durable Object classes. One line makes one.

use std::rc::Rc;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::{at_once::at_once, host::Host, objects};

macro_rules! durable_objects {
    ($($class:ident runs $object:ty;)*) => {$(
        #[durable_object(alarm)]
        pub struct $class {
            host: Rc<Host<$object>>,
        }

        #[wasm_bindgen]
        impl $class {
            /// Answers one command.
            ///
            /// # Errors
            /// Never.
            pub fn command(
                &self,
                text: String,
                provenance: Option<String>,
            ) -> Result<JsValue, JsValue> {
                let host = self.host.clone();
                at_once(async move {
                    let answer = host.command(&text, provenance.as_deref()).await;
                    Ok(objects::write(&answer).into())
                })
            }
        }

        impl DurableObject for $class {
            fn new(state: State, env: Env) -> Self {
                Self { host: Rc::new(Host::new(state, env)) }
            }

            async fn fetch(&self, request: Request) -> worker::Result<Response> {
                self.host.fetch(request).await
            }

            async fn alarm(&self) -> worker::Result<Response> {
                self.host.alarm().await
            }
        }
    )*};
}

durable_objects! {
    AddressObject runs crate::address::AddressObject;
    DomainObject runs crate::domain::DomainObject;
    MailboxObject runs crate::mailbox::MailboxObject;
    OrganizationObject runs crate::organization::OrganizationObject;
    SlugObject runs crate::slug::SlugObject;
    UserObject runs crate::user::UserObject;
}
