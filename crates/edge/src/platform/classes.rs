//! The exported Durable Object classes. One line makes one.

use worker::{DurableObject, Env, Request, Response, State, durable_object, wasm_bindgen};

use super::host::Host;

macro_rules! durable_objects {
    ($($class:ident runs $object:ty;)*) => {$(
        #[durable_object(alarm)]
        pub struct $class {
            host: Host<$object>,
        }

        impl DurableObject for $class {
            fn new(state: State, env: Env) -> Self {
                Self { host: Host::new(state, env) }
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
    MailboxObject runs crate::mailbox::MailboxObject;
    OrganizationObject runs crate::organization::OrganizationObject;
    UserObject runs crate::user::UserObject;
}
