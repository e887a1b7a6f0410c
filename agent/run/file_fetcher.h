// Gets files from the coordinator piece by piece, and keeps them, so that what inspection has
// fetched need not be fetched again. Loop-bound.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "lockstep/v1/control.pb.h"

namespace lockstep::agent {

class FileFetcher {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;
  using Ask = absl::AnyInvocable<void(v1::FileRequest)>;

  // `ask` sends a request to the coordinator.
  explicit FileFetcher(Ask ask) : ask_(std::move(ask)) {}

  // The file at `url`, from what is kept or from the coordinator. Two calls for one url share the
  // transfer. `done` may be called at once.
  void Fetch(const std::string& url, Done done);
  void OnReply(const v1::FileReply& reply);
  // Keeps a file that came some other way.
  void Keep(const std::string& url, std::string content) { files_[url] = std::move(content); }
  void Forget(const std::string& url) { files_.erase(url); }
  const std::map<std::string, std::string>& files() const { return files_; }
  // Forgets everything, and calls no callback.
  void Clear();

 private:
  struct Transfer {
    std::string url;
    std::string content;
    std::vector<Done> waiting;
  };
  void AskFor(uint64_t id, const Transfer& transfer);
  void End(uint64_t id, const absl::Status& status);

  Ask ask_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Transfer> transfers_;
  std::map<std::string, std::string> files_;
};

}  // namespace lockstep::agent
