-- Neovim's own LSP client on the shop of the fixtures.
-- Takes the program from BOWLINE and the project from SHOP.

local shop = assert(os.getenv("SHOP"), "SHOP is not set")
local failed = false

local function check(what, holds, seen)
  if not holds then
    failed = true
    io.stderr:write("FAILED: " .. what .. ": " .. vim.inspect(seen) .. "\n")
  else
    io.stdout:write("ok: " .. what .. "\n")
  end
end

local client = vim.lsp.start_client({
  name = "bowline",
  cmd = { assert(os.getenv("BOWLINE"), "BOWLINE is not set"), "lsp" },
  root_dir = shop,
})
assert(client, "the server does not start")

-- `line rule` of each diagnostic, sorted.
local function found(buffer)
  local list = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
    table.insert(list, (diagnostic.lnum + 1) .. " " .. tostring(diagnostic.code))
  end
  table.sort(list)
  return list
end

local function wait_for(buffer, expected, what)
  vim.wait(10000, function()
    return vim.deep_equal(found(buffer), expected)
  end, 10)
  check(what, vim.deep_equal(found(buffer), expected), found(buffer))
end

local function open(name)
  vim.cmd("edit " .. vim.fn.fnameescape(shop .. "/migrations/" .. name))
  local buffer = vim.api.nvim_get_current_buf()
  vim.bo[buffer].filetype = "sql"
  vim.lsp.buf_attach_client(buffer, client)
  return buffer
end

local function ask(buffer, method, params)
  local answers, problem = vim.lsp.buf_request_sync(buffer, method, params, 10000)
  assert(answers, problem)
  for _, answer in pairs(answers) do
    assert(not answer.error, vim.inspect(answer.error))
    return answer.result
  end
end

local index = open("0013_index_payments_provider_ref.up.sql")
wait_for(index, { "3 create-index-blocking" }, "diagnostics when a file is opened")

local rename = open("0014_rename_customers_name.up.sql")
wait_for(rename, { "3 rename-column" }, "diagnostics that need the history")

vim.api.nvim_win_set_cursor(0, { 3, 38 })
local hover = ask(rename, "textDocument/hover", vim.lsp.util.make_position_params(0, "utf-16"))
local text = hover and hover.contents.value or ""
for _, part in ipairs({ "rename column", "`customers` ACCESS EXCLUSIVE", "old release **broken**", "rename-column" }) do
  check("hover names " .. part, text:find(part, 1, true) ~= nil, text)
end

local params = vim.lsp.util.make_range_params(0, "utf-16")
params.context = { diagnostics = {} }
local titles, ignore = {}, nil
for _, action in ipairs(ask(rename, "textDocument/codeAction", params) or {}) do
  table.insert(titles, action.title)
  if action.title == "Ignore rename-column with a reason" then
    ignore = action
  end
end
check("code action to ignore", ignore ~= nil, titles)
if ignore then
  vim.lsp.util.apply_workspace_edit(ignore.edit, "utf-16")
  local line = vim.api.nvim_buf_get_lines(rename, 2, 3, true)[1]
  check("the directive stands above the statement",
    line == '-- bowline: ignore rename-column reason="…"', line)
  wait_for(rename, { "3 unexplained-suppression" }, "a reason is still to be given")
  vim.api.nvim_buf_set_lines(rename, 2, 3, true,
    { '-- bowline: ignore rename-column reason="nothing reads it — yet 🚢"' })
  wait_for(rename, {}, "a reason settles it")
end

vim.api.nvim_buf_set_lines(rename, 0, -1, true,
  { "SET lock_timeout = '3s';", "ALTER TABLE customers ADD COLUMN email text;" })
wait_for(rename, { "2 schema-conflict" }, "text that is not saved is judged within the history")

vim.api.nvim_buf_set_lines(rename, 0, -1, true, { "CREATE INDEX customers_name_idx ON customers (name);" })
wait_for(rename, { "1 create-index-blocking", "1 missing-lock-timeout" }, "an index that blocks")
vim.api.nvim_win_set_cursor(0, { 1, 15 })
params = vim.lsp.util.make_range_params(0, "utf-16")
params.context = { diagnostics = {} }
for _, action in ipairs(ask(rename, "textDocument/codeAction", params) or {}) do
  if action.isPreferred then
    vim.lsp.util.apply_workspace_edit(action.edit, "utf-16")
  end
end
local fixed = vim.api.nvim_buf_get_lines(rename, 0, -1, true)[1]
check("a fix is applied", fixed == "CREATE INDEX CONCURRENTLY customers_name_idx ON customers (name);", fixed)
wait_for(rename, {}, "what was fixed is found no more")

vim.lsp.stop_client(client)
local stopped = vim.wait(5000, function()
  return vim.lsp.client_is_stopped(client)
end, 10)
check("the server ends", stopped, stopped)
vim.cmd(failed and "cquit! 1" or "qall!")
