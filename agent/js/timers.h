// setTimeout, setInterval, clearTimeout, clearInterval.
#pragma once

#include <v8.h>

#include "agent/js/world.h"

namespace lockstep::agent {

// A running timer; destroying it stops it.
struct World::Timer {
  Timer(EventLoop& event_loop, v8::Isolate* isolate, v8::Local<v8::Function> function);
  ~Timer();

  EventLoop& loop;
  v8::Global<v8::Function> callback;
  std::vector<v8::Global<v8::Value>> arguments;
  absl::Duration interval;
  bool repeats = false;
  TimerId id = TimerId::kNone;
  // Keeps the iteration from ending; called when the timer is due.
  absl::AnyInvocable<void(ApiVu::Task)> announce;
};

// An object with the function after(ms, callback): a timer that does not keep the iteration from
// ending, and is gone at its end.
v8::Local<v8::Object> MakeQuietTimers(World& world);

void InstallTimers(Context context, v8::Local<v8::Object> target);

}  // namespace lockstep::agent
