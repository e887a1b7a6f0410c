#include "coordinator/journal/state_rows.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "common/base/status_macros.h"
#include "coordinator/journal/state_fields.h"
#include "coordinator/journal/state_values.h"

namespace lockstep::coordinator {
namespace {

std::string SubjectOf(AgentId agent) {
  return absl::StrCat("agent ", static_cast<uint32_t>(agent));
}

}  // namespace

// Writes what has changed of one subject.
class StateRows::FieldWriter {
 public:
  // `written`: the subject's fields as they were last written, and as they are now afterwards.
  FieldWriter(int64_t run, std::string subject, std::vector<StateRows::Field>& written,
              SqlChanges& changes)
      : run_(run), subject_(std::move(subject)), written_(written), changes_(changes) {}
  ~FieldWriter() { written_.resize(next_); }
  FieldWriter(const FieldWriter&) = delete;
  FieldWriter& operator=(const FieldWriter&) = delete;

  template <typename T>
  void Field(absl::string_view name, const T& value) {
    SqlValue now = ToValue(value);
    if (StateRows::Field& last = Next(name); is_new_ || last.value != now) {
      last.value = now;
      Change(std::move(now));
    }
  }
  template <typename T>
  void Field(absl::string_view name, const std::shared_ptr<const T>& value) {
    if (StateRows::Field& last = Next(name); is_new_ || last.shared != value) {
      last.shared = value;
      Change(ToValue(*value));
    }
  }
  template <typename Items, typename VisitItem>
  void List(absl::string_view name, const Items& items, VisitItem visit_item) {
    const size_t outer = prefix_.size();
    Field(absl::StrCat(name, ".count"), items.size());
    size_t i = 0;
    for (const auto& item : items) {
      absl::StrAppend(&prefix_, name, ".", i++, ".");
      visit_item(*this, item);
      prefix_.resize(outer);
    }
  }
  template <typename Items, typename VisitItem>
  void Map(absl::string_view name, absl::string_view key_name, const Items& items,
           VisitItem visit_item) {
    List(name, items, [&](FieldWriter&, const auto& item) {
      Field(key_name, item.first);
      visit_item(*this, item.second);
    });
  }
  template <typename T, typename VisitValue>
  void Optional(absl::string_view name, const std::optional<T>& value, VisitValue visit_value) {
    Field(name, value.has_value());
    if (value.has_value()) {
      visit_value(*this, *value);
    }
  }

 private:
  StateRows::Field& Next(absl::string_view name) {
    name_ = prefix_;
    absl::StrAppend(&name_, name);
    if (next_ == written_.size()) {
      written_.emplace_back();
    }
    StateRows::Field& field = written_[next_++];
    is_new_ = field.name != name_;
    if (is_new_) {
      field = {.name = name_};
    }
    return field;
  }
  void Change(SqlValue value) {
    changes_.Add("INSERT OR REPLACE INTO state (run, subject, field, value) VALUES (?,?,?,?)",
                 {run_, subject_, name_, std::move(value)});
  }

  const int64_t run_;
  const std::string subject_;
  std::vector<StateRows::Field>& written_;
  SqlChanges& changes_;
  std::string prefix_;
  size_t next_ = 0;   // of `written_`
  std::string name_;  // of the present field, which was not there before if `is_new_`
  bool is_new_ = false;
};

namespace {

class FieldReader {
 public:
  FieldReader(std::string subject, const std::map<std::string, SqlValue>& fields)
      : subject_(std::move(subject)), fields_(fields) {}
  template <typename T>
  void Field(const char* name, T& value) {
    const std::string place = absl::StrCat(prefix_, name);
    const auto found = fields_.find(place);
    if (found == fields_.end() || !FromValue(found->second, &value)) {
      status_.Update(absl::DataLossError(
          absl::StrCat("journal: of ", subject_, ", ", place,
                       found == fields_.end() ? " is missing" : " is of another kind")));
    }
  }
  template <typename Items, typename VisitItem>
  void List(const char* name, Items& items, VisitItem visit_item) {
    items.clear();
    Each(name, [&] {
      typename Items::value_type item{};
      visit_item(*this, item);
      items.insert(items.end(), std::move(item));
    });
  }
  template <typename Items, typename VisitItem>
  void Map(const char* name, const char* key_name, Items& items, VisitItem visit_item) {
    items.clear();
    Each(name, [&] {
      typename Items::key_type key{};
      Field(key_name, key);
      visit_item(*this, items[key]);
    });
  }
  template <typename T, typename VisitValue>
  void Optional(const char* name, std::optional<T>& value, VisitValue visit_value) {
    bool there = false;
    Field(name, there);
    value.reset();
    if (there) {
      visit_value(*this, value.emplace());
    }
  }
  const absl::Status& status() const { return status_; }

 private:
  template <typename VisitOne>
  void Each(const char* name, VisitOne visit_one) {
    const std::string outer = prefix_;
    size_t count = 0;
    Field(absl::StrCat(name, ".count").c_str(), count);
    for (size_t i = 0; i < count && status_.ok(); ++i) {
      prefix_ = absl::StrCat(outer, name, ".", i, ".");
      visit_one();
    }
    prefix_ = outer;
  }

  const std::string subject_;
  const std::map<std::string, SqlValue>& fields_;
  std::string prefix_;
  absl::Status status_;
};

// ---- subjects ----

constexpr auto kMemberIds = [](auto& visit, auto& id) { visit.Field("agent", id); };

const SessionCheckpoint* SessionOf(const FleetCheckpoint& fleet, AgentId agent) {
  const auto found =
      std::find_if(fleet.sessions.begin(), fleet.sessions.end(),
                   [agent](const SessionCheckpoint& session) { return session.agent == agent; });
  return found == fleet.sessions.end() ? nullptr : &*found;
}

// The answer to a request for a file may hold a secret, which belongs on no disk. Its number stays.
Blob ForDisk(const v1::CoordinatorMessage& message) {
  if (!message.has_file_reply()) {
    return Blob{message.SerializeAsString()};
  }
  v1::CoordinatorMessage kept = message;
  kept.mutable_file_reply()->clear_data();
  kept.mutable_file_reply()->set_error_code(static_cast<int32_t>(absl::StatusCode::kUnavailable));
  kept.mutable_file_reply()->set_error(
      "the coordinator was started again while the answer was on its way");
  return Blob{kept.SerializeAsString()};
}

}  // namespace

void StateRows::Write(const RunCheckpoint& run, const FleetCheckpoint& fleet, SqlChanges& changes) {
  std::vector<AgentId> members;
  for (const RunMember& member : run.members) {
    if (member.joining) {
      continue;
    }
    members.push_back(member.id);
    const std::string subject = SubjectOf(member.id);
    FieldWriter writer(run_, subject, written_[subject], changes);
    MemberFields(writer, member);
    const SessionCheckpoint* const session = SessionOf(fleet, member.id);
    writer.Field("has_session", session != nullptr);
    if (session != nullptr) {
      SessionFields(writer, *session);
    }
  }
  FieldWriter writer(run_, "run", written_["run"], changes);
  RunFields(writer, run);
  writer.List("members", members, kMemberIds);
  writer.Field("last_agent", fleet.last_id);
  WriteMessages(fleet, changes);
}

void StateRows::WriteMessages(const FleetCheckpoint& fleet, SqlChanges& changes) {
  for (const SessionCheckpoint& session : fleet.sessions) {
    const auto agent = static_cast<uint32_t>(session.agent);
    Messages& there = messages_[agent];
    const uint64_t first = session.sent - session.unacknowledged.size() + 1;
    if (there.first < first) {
      there.first = first;
      changes.Add("DELETE FROM message WHERE run = ? AND agent = ? AND number < ?",
                  {run_, static_cast<int64_t>(agent), static_cast<int64_t>(first)});
    }
    for (const SentMessage& message : session.unacknowledged) {
      if (message->number() <= there.last) {
        continue;
      }
      changes.Add("INSERT OR REPLACE INTO message (run, agent, number, body) VALUES (?,?,?,?)",
                  {run_, static_cast<int64_t>(agent), static_cast<int64_t>(message->number()),
                   ForDisk(*message)});
    }
    there.last = std::max(there.last, session.sent);
  }
}

namespace {

absl::Status ReadMessages(Database& database, int64_t run, SessionCheckpoint* session) {
  bool whole = true;
  LOCKSTEP_RETURN_IF_ERROR(
      database.Query("SELECT body FROM message WHERE run = ? AND agent = ? ORDER BY number",
                     {run, static_cast<int64_t>(session->agent)}, [&](const SqlRow& row) {
                       auto message = std::make_shared<v1::CoordinatorMessage>();
                       whole = message->ParseFromString(row.Text(0)) && whole;
                       session->unacknowledged.push_back(std::move(message));
                     }));
  const size_t count = session->unacknowledged.size();
  if (!whole || count > session->sent ||
      (count > 0 && session->unacknowledged.back()->number() != session->sent)) {
    return absl::DataLossError(
        absl::StrCat("journal: the messages to agent ", session->name, " are not whole"));
  }
  return absl::OkStatus();
}

absl::Status ReadMember(Database& database, int64_t run,
                        const std::map<std::string, SqlValue>& fields, RunMember* member,
                        FleetCheckpoint* fleet) {
  FieldReader reader(SubjectOf(member->id), fields);
  MemberFields(reader, *member);
  bool has_session = false;
  reader.Field("has_session", has_session);
  if (!has_session || !reader.status().ok()) {
    return reader.status();
  }
  SessionCheckpoint session{.agent = member->id,
                            .name = member->name,
                            .weight = member->weight,
                            .labels = member->labels};
  SessionFields(reader, session);
  LOCKSTEP_RETURN_IF_ERROR(reader.status());
  LOCKSTEP_RETURN_IF_ERROR(ReadMessages(database, run, &session));
  fleet->sessions.push_back(std::move(session));
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadStateRows(Database& database, int64_t run, RunCheckpoint* state,
                           FleetCheckpoint* fleet) {
  std::map<std::string, std::map<std::string, SqlValue>> subjects;
  LOCKSTEP_RETURN_IF_ERROR(database.Query(
      "SELECT subject, field, value FROM state WHERE run = ?", {run},
      [&](const SqlRow& row) { subjects[row.Text(0)][row.Text(1)] = row.Value(2); }));
  std::vector<AgentId> members;
  FieldReader reader("run", subjects["run"]);
  RunFields(reader, *state);
  reader.List("members", members, kMemberIds);
  reader.Field("last_agent", fleet->last_id);
  LOCKSTEP_RETURN_IF_ERROR(reader.status());
  for (const AgentId id : members) {
    RunMember& member = state->members.emplace_back();
    member.id = id;
    LOCKSTEP_RETURN_IF_ERROR(ReadMember(database, run, subjects[SubjectOf(id)], &member, fleet));
  }
  return absl::OkStatus();
}

}  // namespace lockstep::coordinator
