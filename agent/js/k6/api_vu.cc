#include "agent/js/k6/api_vu.h"

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

#include "agent/js/bind/call_site.h"
#include "agent/js/bind/errors.h"
#include "agent/js/k6/pending_promises.h"
#include "common/base/nearest.h"

namespace lockstep::agent {

ApiVu::ApiVu() = default;
ApiVu::~ApiVu() = default;

PendingPromises& ApiVu::promises() {
  if (promises_ == nullptr) {
    promises_ = std::make_unique<PendingPromises>(*this);
  }
  return *promises_;
}

void ApiVu::EndIteration() {
  for (const std::unique_ptr<VuPart>& part : parts_) {
    part->EndIteration();
  }
  promises_.reset();
}

void ApiVu::ReleaseParts() {
  promises_.reset();
  parts_.clear();
}

bool ApiVu::IsNewWarning(size_t what) {
  constexpr size_t kMost = 2000;   // WarnOnce says less
  constexpr int64_t kAlways = 16;  // so many calls are looked at in any case,
  constexpr int64_t kSeldom = 61;  // then one of so many
  const auto found = warnings_.find(what);
  if (found == warnings_.end() && warnings_.size() >= kMost) {
    return false;
  }
  Warning& warning = found == warnings_.end() ? warnings_[what] : found->second;
  const int64_t calls = warning.calls++;
  if ((calls >= kAlways && calls % kSeldom != 0) || warning.places.size() >= kMost ||
      !warning.places.insert(CallSiteNumber(v8::Isolate::GetCurrent())).second) {
    return false;
  }
  warning.calls = 0;
  return true;
}

namespace {

// At the present place.
void Warn(ApiVu& vu, absl::string_view message) {
  const std::string place = CallSiteOf(v8::Isolate::GetCurrent()).place;
  const bool in_file = !place.empty() && place[0] != ':';
  vu.WarnOnce(in_file ? absl::StrCat(vu.SourcePlace(place), ": ", message) : std::string(message));
}

}  // namespace

void WarnOfCall(ApiVu& vu, absl::string_view message) {
  if (vu.IsNewWarning(absl::HashOf(message))) {
    Warn(vu, message);
  }
}

void WarnOfUnknown(ApiVu& vu, absl::string_view where, absl::string_view what,
                   absl::string_view name, const std::vector<std::string>& known) {
  if (vu.IsNewWarning(absl::HashOf(where, what, name))) {
    Warn(vu, absl::StrCat(where, ": unknown ", what, " \"", name, "\" has no effect",
                          MeantOrAllowed(name, known)));
  }
}

bool RefusedInInit(ApiVu& vu, v8::Isolate* isolate, absl::string_view what) {
  if (vu.in_init()) {
    ThrowError(isolate, absl::StrCat(what, " in the init context is not supported"));
    return true;
  }
  return false;
}

}  // namespace lockstep::agent
