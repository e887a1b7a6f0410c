// Makes a fibre look like a thread to V8. V8 keys its per-thread state by ThreadId; Debian's
// libnode asks for it through its PLT, so the definitions in thread_identity.cc win when they are
// linked into the executable. From there on V8 only sees its documented protocol: Locker, Exit,
// Unlocker, Enter, one identity per fibre.
#pragma once

namespace lockstep::agent {

// 0: the OS thread's own identity.
enum class ThreadIdentity : int { kOwn = 0 };

// An identity that no thread and no other fibre has. Any thread.
ThreadIdentity NewThreadIdentity();

// What V8 takes the calling OS thread for from now on.
void AssumeThreadIdentity(ThreadIdentity identity);

}  // namespace lockstep::agent
