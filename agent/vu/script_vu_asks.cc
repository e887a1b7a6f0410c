// What a VU asks the agent's conductor for, and through it the coordinator: files, rows, secrets.
#include <utility>

#include "agent/vu/script_vu.h"

namespace lockstep::agent {

absl::StatusOr<std::string> ScriptVu::LoadFile(const std::string& url) {
  const auto known = run_.bundle.files.find(url);
  if (known != run_.bundle.files.end()) {
    return known->second;
  }
  if (!run_.loader) {
    return absl::OutOfRangeError("the init code of VU 0 has not asked for it");
  }
  absl::StatusOr<std::string> content = absl::UnknownError("no answer");
  const bool answered = Park([&](Task wake) {
    // The answer crosses the conductor's loop; it may come after this VU has gone, so it does not
    // touch this frame unless the wait is still on.
    auto deliver = [this, &content, &worker = worker_, key = key_, park = park_,
                    wake = std::move(wake)](absl::StatusOr<std::string> answer) mutable {
      worker.Post([this, &content, &worker, key, park, wake = std::move(wake),
                   answer = std::move(answer)]() mutable {
        if (worker.Find(key) != nullptr && park_ == park) {
          content = std::move(answer);
          wake();
        }
      });
    };
    run_.conductor.Post([&run = run_, url, deliver = std::move(deliver)]() mutable {
      run.loader(url, std::move(deliver));
    });
  });
  if (!answered) {
    return absl::CancelledError("interrupted");
  }
  return content;
}

void ScriptVu::LeaseRows(const std::string& name, int64_t rows, bool wrap,
                         absl::AnyInvocable<void(RowBlock)> done) {
  RowLease lease{name, rows, wrap, [done = std::move(done)](int64_t first, int64_t count) mutable {
                   done({first, count});
                 }};
  run_.conductor.Post(
      [&run = run_, lease = std::move(lease)]() mutable { run.events.on_lease(std::move(lease)); });
}

// The answer comes on the conductor's loop, and may come after this VU has gone: what it is for stays
// here meanwhile.
void ScriptVu::GetSecret(std::string url,
                         absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  secrets_[++last_secret_] = std::move(done);
  auto deliver = [&worker = worker_, key = key_,
                  number = last_secret_](absl::StatusOr<std::string> secret) mutable {
    worker.Post([&worker, key, number, secret = std::move(secret)]() mutable {
      ScriptVu* const vu = worker.Find(key);
      if (vu == nullptr) {
        return;
      }
      if (auto waiting = vu->secrets_.extract(number); !waiting.empty()) {
        waiting.mapped()(std::move(secret));
      }
    });
  };
  run_.conductor.Post([&run = run_, url = std::move(url), deliver = std::move(deliver)]() mutable {
    run.events.on_secret(std::move(url), std::move(deliver));
  });
}

}  // namespace lockstep::agent
