// What the outputs that push to an HTTP server have in common: a pusher, an interval, and the words
// for what was lost.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"

#include "coordinator/fetch/http_pusher.h"
#include "coordinator/output/output.h"
#include "coordinator/output/series_book.h"

namespace lockstep::coordinator {

class PushOutput : public Output {
 public:
  // `name` is the output's; `clock` is borrowed.
  PushOutput(std::string name, HttpTarget target, HttpPusher::Limits limits,
             absl::Duration interval, const Clock& clock);

  std::string Description() const final;
  absl::Status Check() const final;
  absl::Status Start() final;
  void Flush() final;
  void BeginStop() final;
  absl::Status Stop() final;
  std::optional<int64_t> Written() const final;
  void LostBefore(int64_t samples) final { lost_before_ = samples; }
  std::optional<std::string> Lost() const final;

 protected:
  // Puts what has come together since the last time into pusher(). `last`: it is the end.
  virtual void PushNow(bool last) = 0;
  // Before anything else is pushed.
  virtual void Greet() {}
  HttpPusher& pusher() { return pusher_; }
  const std::string& url() const { return url_; }
  const Clock& clock() const { return clock_; }

 private:
  const std::string name_;
  const std::string url_;
  HttpPusher pusher_;
  const absl::Duration interval_;
  const Clock& clock_;
  MonoTime next_;
  bool stopping_ = false;
  bool stopped_ = false;
  int64_t lost_before_ = 0;
};

// What those of them that push running totals have in common.
class TotalsOutput : public PushOutput {
 public:
  using PushOutput::PushOutput;
  void Write(const Batch& batch) final { book_.Add(batch); }

 protected:
  // The body of a request.
  virtual std::string Encode(absl::Span<const SeriesBook::Series* const> series,
                             absl::Time now) const = 0;
  // The series that have changed, at most a thousand in a request.
  void PushNow(bool last) override;
  const SeriesBook& book() const { return book_; }

 private:
  SeriesBook book_;
};

}  // namespace lockstep::coordinator
