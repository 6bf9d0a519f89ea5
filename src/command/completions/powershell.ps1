# Offers verbs, options and names of tokens to PowerShell.
Register-ArgumentCompleter -Native -CommandName docker-credential-pat -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    $earlier = $env:DOCKER_CREDENTIAL_PAT_COMPLETE
    $env:DOCKER_CREDENTIAL_PAT_COMPLETE = 'powershell'
    try { $lines = & docker-credential-pat -- @words ".$wordToComplete" 2>$null }
    finally { $env:DOCKER_CREDENTIAL_PAT_COMPLETE = $earlier }
    $lines | Where-Object { $_ } | ForEach-Object {
        $text, $help = $_.Split("`t", 2)
        if (-not $help) { $help = $text }
        [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $help)
    }
}
