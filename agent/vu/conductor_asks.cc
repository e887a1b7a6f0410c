#include "agent/vu/conductor_asks.h"

#include <utility>

#include "agent/vu/script_vu.h"

namespace lockstep::agent {

absl::StatusOr<std::string> ConductorAsks::LoadFile(const std::string& url, ScriptVu& vu) {
  RunShared& run = worker_.run();
  const auto known = run.bundle.files.find(url);
  if (known != run.bundle.files.end()) {
    return known->second;
  }
  const auto missing = run.bundle.missing.find(url);
  if (missing != run.bundle.missing.end()) {
    return missing->second;
  }
  if (!run.loader) {
    return absl::OutOfRangeError("the init code of VU 0 has not asked for it");
  }
  absl::StatusOr<std::string> content = absl::UnknownError("no answer");
  const bool answered = vu.Park([&](ApiVu::Task wake) {
    // The answer may come after this VU has gone, so it does not touch this frame unless the wait
    // is still on.
    auto deliver = [&content, &worker = worker_, key = key_, wait = vu.events().wait(),
                    wake = std::move(wake)](absl::StatusOr<std::string> answer) mutable {
      worker.Post([&content, &worker, key, wait, wake = std::move(wake),
                   answer = std::move(answer)]() mutable {
        ScriptVu* const asker = worker.Find(key);
        if (asker != nullptr && asker->events().wait() == wait) {
          content = std::move(answer);
          wake();
        }
      });
    };
    run.conductor.Post([&run, url, deliver = std::move(deliver)]() mutable {
      run.loader(url, std::move(deliver));
    });
  });
  if (!answered) {
    return absl::CancelledError("interrupted");
  }
  return content;
}

void ConductorAsks::LeaseRows(const std::string& name, RowDealer& dealer) {
  RowLease lease{.queue = name,
                 .rows = dealer.table().size(),
                 .wrap = dealer.rules().wrap,
                 .done =
                     [&dealer](RowRange rows) {
                       dealer.Fill({rows.first, rows.count});
                     },
                 .take_back = [&dealer]() -> RowRange {
                   const RowBlock left = dealer.TakeBack();
                   return {left.first, left.count};
                 }};
  worker_.run().conductor.Post([&run = worker_.run(), lease = std::move(lease)]() mutable {
    run.events.on_lease(std::move(lease));
  });
}

// What the answer is for stays here meanwhile.
void ConductorAsks::GetSecret(std::string url,
                              absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  secrets_[++last_secret_] = std::move(done);
  auto deliver = [&worker = worker_, key = key_,
                  number = last_secret_](absl::StatusOr<std::string> secret) mutable {
    worker.Post([&worker, key, number, secret = std::move(secret)]() mutable {
      ScriptVu* const vu = worker.Find(key);
      if (vu == nullptr) {
        return;
      }
      if (auto waiting = vu->asks().secrets_.extract(number); !waiting.empty()) {
        waiting.mapped()(std::move(secret));
      }
    });
  };
  worker_.run().conductor.Post(
      [&run = worker_.run(), url = std::move(url), deliver = std::move(deliver)]() mutable {
        run.events.on_secret(std::move(url), std::move(deliver));
      });
}

void ConductorAsks::AbortTest(std::string message) {
  worker_.run().conductor.Post([&run = worker_.run(), message = std::move(message)]() mutable {
    run.events.on_abort(std::move(message));
  });
}

void ConductorAsks::FailTest() {
  worker_.run().conductor.Post([&run = worker_.run()] { run.events.on_fail(); });
}

}  // namespace lockstep::agent
