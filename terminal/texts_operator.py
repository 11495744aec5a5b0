"""Words of the operators' screens: phases, reference prices, admission, approvals; Chinese and English."""

from typing import Final

OPERATOR: Final[dict[str, tuple[str, str]]] = {
    # ------------------------------------------------------------ operator: phases
    "phases_title": ("交易阶段", "Phases"),
    "phases_help": (
        "先录入基准价 (F7),另一位运营员复核 (F4);没有基准价的产品不开市。",
        "Set reference prices (F7); another operator approves (F4); then products open",
    ),
    "phase": ("阶段", "Phase"),
    "next_change": ("下次变更", "Next change"),
    "countdown": ("倒计时", "In"),
    "timetable": ("时段", "Sessions"),
    "day": ("交易日", "Trading day"),
    "no_day": ("没有开启的交易日", "no trading day is open"),
    "sequence": ("序号", "Sequence"),
    "participants": ("交易主体", "Participants"),
    "proposals_waiting": ("待复核", "Waiting"),
    "clock_wall": ("真实时钟", "wall clock"),
    "clock_simulated": ("仿真时钟", "simulated clock"),
    "clock_driven": ("受控时钟", "driven clock"),
    "clock": ("时钟", "Clock"),
    "reference_state": ("基准价", "Reference"),
    # ------------------------------------------------------------ operator: reference price
    "reference_title": ("基准价", "Reference prices"),
    "reference_help": (
        "选产品,Enter 录入价格;再输入一次才提交。由另一位运营员复核 (F4)。",
        "Choose a product, Enter; type the price twice; another operator approves",
    ),
    "reference_basis": ("来源", "Basis"),
    "reference_set": ("已生效", "in force"),
    "reference_waiting": ("待复核", "waits for approval"),
    "reference_missing": ("未录入", "not set"),
    "reference_dialog": ("{product} 的基准价", "Reference price of {product}"),
    "reference_first": ("价格 (系统计算 {price}), Enter", "Price (computed {price}), Enter"),
    "reference_again": ("再输入一次以提交,Enter", "Type it again to propose, Enter"),
    "reference_differs": ("两次输入不同,请重新输入", "The two prices differ; type it again"),
    "reference_bands": (
        "挂牌 ±{listed}% ,大宗 ±{block}% ;与系统计算值相差 {difference}",
        "listed ±{listed}%, block ±{block}%; differs from the computed price by {difference}",
    ),
    "reference_reason": ("基准价 {product} {price}", "reference price {product} {price}"),
    "reference_done": ("该产品的基准价已生效", "this product already has its reference price"),
    "reference_unlisted": ("该产品尚未上市", "this product is not listed yet"),
    # ------------------------------------------------------------ operator: admission
    "admission_title": ("准入", "Admission"),
    "admission_help": (
        "填 CSV 文件路径,Enter 预览,Esc 回名单;没有错误再按 F8 提交,由另一位复核。",
        "Path of a CSV, Enter previews it, Esc: who is admitted; F8 proposes it",
    ),
    "admission_file": ("CSV 文件", "CSV file"),
    "admission_empty": (
        "尚未读取文件。列: {columns}",
        "No file read yet. Columns: {columns}",
    ),
    "participants_none": (
        "还没有交易主体。在上面填写名单文件的路径,按 Enter 预览。",
        "No participants yet. Type the path of a list above, Enter previews it.",
    ),
    "participants_cut": (
        "只列前 {count} 家,其余见 ceax participant list",
        "the first {count} only, all: ceax participant list",
    ),
    "admission_rows": ("{count} 行可提交", "{count} rows can be proposed"),
    "admission_error": ("文件有误: {reason}", "The file has a mistake: {reason}"),
    "admission_bad": (
        "{count} 处错误,改好后再读",
        "{count} mistakes; mend the file and read it again",
    ),
    "bad_row": ("行", "Row"),
    "bad_column": ("列", "Column"),
    "bad_problem": ("问题", "Problem"),
    "admission_nothing": (
        "没有可提交的行:先读一个没有错误的文件",
        "no rows to propose: first read a file without mistakes",
    ),
    "admission_reason": ("准入 {count} 家 ({file})", "admission of {count} ({file})"),
    "admission_confirm": (
        "输入行数 {count} 以提交",
        "Type the number of rows, {count}, to propose",
    ),
    "admission_dialog": ("提交准入提议", "Propose admission"),
    "admission_known": ("已准入 {count} 家", "{count} admitted so far"),
    "credit_code": ("统一社会信用代码", "Credit code"),
    "province": ("省份", "Province"),
    "sector": ("行业", "Sector"),
    "registry_account": ("登记账户", "Registry account"),
    "funds_account": ("资金账户", "Funds account"),
    # ------------------------------------------------------------ operator: approvals
    "approvals_title": ("待复核提议 ({count})", "Proposals that wait ({count})"),
    "approvals_help": (
        "选提议,Enter 查看并复核,Del 拒绝。提议人不能复核自己的提议。",
        "Enter looks and approves, Del rejects; nobody approves their own proposal",
    ),
    "approvals_empty": ("没有待复核的提议。", "Nothing waits for approval."),
    "proposal": ("提议", "No."),
    "maker": ("提议人", "Maker"),
    "content": ("内容", "Content"),
    "reason": ("理由", "Reason"),
    "approve_dialog": (
        "复核提议 {proposal} (提议人 {person})",
        "Approve proposal {proposal} by {person}",
    ),
    "approve_price": (
        "照原始凭证输入价格以复核,Enter",
        "Type the price from your own source, Enter",
    ),
    "approve_count": (
        "输入项数 {count} 以复核,Enter",
        "Type the number of actions, {count}, Enter",
    ),
    "approve_differs": ("与提议不符,未复核", "Differs from the proposal; not approved"),
    "approve_own": (
        "这是本人的提议,须由另一人复核",
        "This is your own; another person must approve it",
    ),
    "reject_dialog": ("拒绝提议 {proposal}", "Reject proposal {proposal}"),
    "reject_reason": ("输入理由,Enter 拒绝", "Type the reason, Enter rejects"),
    "dialog_keys": ("Enter 确认   Esc 返回", "Enter confirms   Esc goes back"),
}
