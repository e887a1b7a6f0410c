#include "agent/mqtt/requests.h"

#include <utility>

namespace lockstep::agent {
bool MqttRequests::NextIdIsTaken() const {
  const int next = last_id_ % kMostIds + 1;
  return publications_.contains(next) || others_.contains(next);
}

int MqttRequests::BeginPublication(int64_t bytes) {
  beginning_ = {.number = ++last_number_, .bytes = bytes};
  bytes_ += bytes;
  return last_number_;
}

void MqttRequests::EndPublication(int id, bool sent) {
  NoteId(id);
  const std::optional<Publication> begun = std::exchange(beginning_, std::nullopt);
  if (!begun) {
    return;
  }
  if (sent) {
    publications_[id] = *begun;
  } else {
    bytes_ -= begun->bytes;
  }
}

int MqttRequests::Add(int id) {
  return others_[id] = ++last_number_;
}

std::optional<int> MqttRequests::TakePublication(int id) {
  std::optional<Publication> taken;
  if (const auto known = publications_.find(id); known != publications_.end()) {
    taken = known->second;
    publications_.erase(known);
  } else {
    taken = std::exchange(beginning_, std::nullopt);
  }
  if (!taken) {
    return std::nullopt;
  }
  bytes_ -= taken->bytes;
  return taken->number;
}

std::optional<int> MqttRequests::Take(int id) {
  const auto known = others_.find(id);
  if (known == others_.end()) {
    return std::nullopt;
  }
  const int number = known->second;
  others_.erase(known);
  return number;
}

}  // namespace lockstep::agent
