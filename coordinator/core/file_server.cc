#include "coordinator/core/file_server.h"

#include "common/base/secrets.h"

namespace lockstep::coordinator {
namespace {

constexpr size_t kFilePieceBytes = 1 << 20;

}  // namespace

void FileServer::BeginBundle() {
  bundle_ = Bundle();
  bundle_.Add(source_.script().main_url, source_.script().text);
}

bool FileServer::Inspects(AgentId agent) const {
  return phase_.state() == v1::RunStatus::INSPECTING && agent == roster_.elected();
}

void FileServer::OnRequest(const RunMember& member, const v1::FileRequest& request) {
  const AgentId agent = member.id;
  if (const std::string* content = bundle_.Find(request.url()); content != nullptr) {
    SendPiece(agent, request, *content);
    return;
  }
  // Secrets may be asked for at any time, and belong to no bundle.
  const bool secret = ParseSecretUrl(request.url()).has_value();
  if (!secret && phase_.state() != v1::RunStatus::INSPECTING) {
    SendPiece(agent, request, absl::NotFoundError("the file was not asked for during inspection"));
    return;
  }
  if (!secret && !Inspects(agent)) {
    SendPiece(agent, request,
              absl::PermissionDeniedError("only the agent that inspects the script may ask for "
                                          "files that it has not asked for yet"));
    return;
  }
  if (!secret) {
    awaited_.insert(request.url());
  }
  source_.Fetch(request.url(), [this, agent, secret, request](absl::StatusOr<std::string> content) {
    if (const auto here = awaited_.find(request.url()); here != awaited_.end()) {
      awaited_.erase(here);
    }
    if (!secret && Inspects(agent)) {
      if (content.ok()) {
        bundle_.Add(request.url(), *content);
      } else {
        bundle_.AddMissing(request.url(), content.status());
      }
    }
    SendPiece(agent, request, content);
  });
}

void FileServer::SendPiece(AgentId agent, const v1::FileRequest& request,
                           const absl::StatusOr<std::string>& content) {
  v1::CoordinatorMessage message;
  v1::FileReply& reply = *message.mutable_file_reply();
  reply.set_id(request.id());
  absl::Status status = content.status();
  if (status.ok() && static_cast<uint64_t>(request.offset()) > content->size()) {
    status = absl::OutOfRangeError("offset: past the end of the file");
  }
  if (status.ok()) {
    reply.set_size_bytes(static_cast<int64_t>(content->size()));
    reply.set_data(content->substr(static_cast<size_t>(request.offset()), kFilePieceBytes));
  } else {
    reply.set_error_code(static_cast<int32_t>(status.code()));
    reply.set_error(std::string(status.message()));
  }
  sender_.Send(agent, std::move(message));
}

}  // namespace lockstep::coordinator
