#include "agent/run/file_fetcher.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/message_limits.h"

namespace lockstep::agent {

void FileFetcher::Fetch(const std::string& url, Done done) {
  if (url.size() > kMostNameBytes) {  // for which the coordinator would end the session
    done(absl::InvalidArgumentError(absl::StrCat("the name of a file has at most ", kMostNameBytes,
                                                 " bytes, and this one has ", url.size())));
    return;
  }
  auto kept = files_.find(url);
  if (kept != files_.end()) {
    done(kept->second);
    return;
  }
  for (auto& [id, transfer] : transfers_) {
    if (transfer.url == url) {
      transfer.waiting.push_back(std::move(done));
      return;
    }
  }
  uint64_t id = ++last_id_;
  Transfer& transfer = transfers_[id];
  transfer.url = url;
  transfer.waiting.push_back(std::move(done));
  AskFor(id, transfer);
}

void FileFetcher::AskFor(uint64_t id, const Transfer& transfer) {
  v1::FileRequest request;
  request.set_id(id);
  request.set_url(transfer.url);
  request.set_offset(static_cast<int64_t>(transfer.content.size()));
  ask_(std::move(request));
}

void FileFetcher::OnReply(const v1::FileReply& reply) {
  auto found = transfers_.find(reply.id());
  if (found == transfers_.end()) {
    return;
  }
  Transfer& transfer = found->second;
  if (reply.error_code() != 0) {
    End(reply.id(), absl::Status(static_cast<absl::StatusCode>(reply.error_code()), reply.error()));
    return;
  }
  transfer.content += reply.data();
  int64_t have = static_cast<int64_t>(transfer.content.size());
  if (have == reply.size_bytes()) {
    End(reply.id(), absl::OkStatus());
  } else if (have > reply.size_bytes() || reply.data().empty()) {
    End(reply.id(), absl::DataLossError(absl::StrCat(transfer.url, ": got ", have, " bytes of ",
                                                     reply.size_bytes())));
  } else {
    AskFor(reply.id(), transfer);
  }
}

void FileFetcher::End(uint64_t id, const absl::Status& status) {
  Transfer transfer = std::move(transfers_[id]);
  transfers_.erase(id);
  if (status.ok()) {
    files_[transfer.url] = transfer.content;
  }
  for (Done& done : transfer.waiting) {
    if (status.ok()) {
      done(transfer.content);
    } else {
      done(status);
    }
  }
}

void FileFetcher::Clear() {
  transfers_.clear();
  files_.clear();
}

}  // namespace lockstep::agent
