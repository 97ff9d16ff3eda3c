//! What a module without std has to bring along.

use core::panic::PanicInfo;

/// Made for little code; what is allocated here is a policy and a snapshot at a time.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Code that decides cannot panic, by lint. What the language itself may still refuse, such as memory that
/// cannot be had, ends the instance: the page denies everything then.
#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
